"""Victim of ``chaos.py``: a run of the chain, all processes at once."""

import contextlib
import os
import re
import runpy
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# Before torch: a fork has none of OpenMP's threads and would wait for them.
os.environ['OMP_NUM_THREADS'] = '1'

import projects.amr.openmp  # noqa: F401  before torch; the forks have it too

from projects.amr.runtime.processes.tool_process import ToolError
from projects.amr.workflow.pipeline import runner as pipeline_runner

ROOT = Path(__file__).resolve().parents[2]
HEAD = re.compile(r'\[\d+/\d+\] (\w+): (.*)')


class Chain:
    """A run of the chain in a process group of its own.

    Args:
        config (Path): The pipeline config.
        folder (Path): The work dir.
        cold (bool): Whether all processes start as commands.
    """

    def __init__(self, config: Path, folder: Path, cold: bool):
        reader, writer = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.setsid()
            os.dup2(writer, 1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os.chdir(ROOT)
            tool = ROOT / 'tools' / 'run_pipeline.py'
            arguments = [config, '--work-dir', folder]
            if cold:
                command = [sys.executable, tool, *arguments]
                os.execv(sys.executable, [str(x) for x in command])  # noqa: S606
            pipeline_runner.call_tool = forked_tool
            run_as_command(tool, arguments)
        os.close(writer)
        self.output = os.fdopen(reader)

    def next_stage(self) -> str | None:
        """Name of the stage that begins to run, None at the end."""
        for line in self.output:
            found = HEAD.match(line)
            if found and found[2] != 'finished before':
                return found[1]
        return None

    def wait(self) -> int:
        """Exit code; negative where a signal ended the run."""
        _, status = os.waitpid(self.pid, 0)
        self.output.close()
        return os.waitstatus_to_exitcode(status)

    def kill(self, stage: str) -> tuple[str, int]:
        """Kill runner and stage at once.

        Args:
            stage (str): The stage that was begun last, as far as we know.

        Returns:
            tuple[str, int]: The stage that was hit, and the runner's exit
            code.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        while name := self.next_stage():
            stage = name
        return stage, self.wait()


def run_as_command(tool: Path, arguments) -> None:
    """Run a tool in this fork as if it were started, and end with it."""
    sys.argv = [str(tool), *map(str, arguments)]
    code = 1
    try:
        sys.stdout = os.fdopen(1, 'w', buffering=1)
        runpy.run_path(str(tool), run_name='__main__')
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else bool(stop.code)
    finally:
        sys.stdout.flush()
        os._exit(int(code))


def forked_tool(tool, arguments, log, reporter, env=None) -> None:
    """Stand in for :func:`call_tool`: a fork, not a new process."""
    pid = os.fork()
    if not pid:
        os.environ.update(env or {})
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        run_as_command(ROOT / 'tools' / tool, arguments)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise ToolError(f'{tool} ended with code {code}, see {log}', 1)
