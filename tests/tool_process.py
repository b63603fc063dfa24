"""Tools in real processes that start fast: torch is imported only once."""

import hashlib
import multiprocessing
import os
import runpy
import signal
import sys
from pathlib import Path

import torch
from yapf.yapflib import yapf_api

ROOT = Path(__file__).resolve().parents[1]
_CONTEXT = multiprocessing.get_context('forkserver')
_CONTEXT.set_forkserver_preload(
    ['mmseg.apis', 'projects.amr', 'matplotlib.pyplot']
)


class ToolProcess:
    """A tool as a user would start it, in a session of its own.

    Args:
        tool (str): File name under ``tools/``.
        *arguments: Command line.
        cwd (Path): Working folder; ``log.txt`` in it gets all output.
        patch (Callable, optional): Called in the process before the tool.
        **env: Environment variables.
    """

    def __init__(self, tool, *arguments, cwd, patch=None, **env):
        self.log = Path(cwd) / 'log.txt'
        self.log.write_text('')  # an earlier process's must not be read
        words = [str(word) for word in arguments]
        self.process = _CONTEXT.Process(
            target=_run, args=(tool, words, str(cwd), patch, env)
        )
        self.process.start()

    def wait(self, timeout: float = 300) -> int:
        """Wait for the end; returns the exit code as a shell tells it."""
        self.process.join(timeout)
        assert self.process.exitcode is not None, self.output[-3000:]
        code = self.process.exitcode
        return code if code >= 0 else 128 - code

    def send(self, number: int, group: bool = False) -> None:
        """Send a signal to the process, or to all of its group."""
        send = os.killpg if group else os.kill
        send(self.process.pid, number)

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors='replace')


def run_tool_process(tool, *arguments, code=0, **options) -> str:
    """Run a tool to its end and check its exit code; returns the output."""
    process = ToolProcess(tool, *arguments, **options)
    found = process.wait()
    assert found == code, process.output[-5000:]
    return process.output


def state_digest(path: Path) -> str:
    """Digest of a checkpoint's weights, read without any further types."""
    state = torch.load(path, weights_only=True)['state_dict']
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        digest.update(value.contiguous().view(-1).numpy().tobytes())
    return digest.hexdigest()


def _run(tool, words, cwd, patch, env) -> None:
    """Become the tool."""
    os.setsid()
    os.chdir(cwd)
    handle = os.open('log.txt', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout = os.fdopen(1, 'w', 1, closefd=False)
    sys.stderr = os.fdopen(2, 'w', 1, closefd=False)
    os.environ.update(env)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    # Half of a tiny training's time: the config is set anew for each save.
    yapf_api.FormatCode = lambda text, **_: (text, True)
    sys.argv = [f'tools/{tool}', *words]
    if patch is not None:
        patch()
    runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')
