"""Run one of the tools as a process, and follow its log."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from projects.amr.errors import UserError
from projects.amr.runtime.files.progress import Reporter, last_progress

ROOT = Path(__file__).resolve().parents[4]
SUPERVISE = Path(__file__).with_name('supervise.py')
_TAIL_LINES = 8  # of a log without such a head
_ERROR_LINES = 40
_HEADS = ('ERROR: ', 'STOPPED: ')
_NOTE = re.compile(r'^NOTE: .*\n(?:  .*\n)*', re.MULTILINE)


class ToolError(UserError):
    """A tool failed; its exit code becomes ours."""

    def __init__(self, text: str, exit_code: int):
        super().__init__(text)
        self.exit_code = exit_code


def call_tool(
    tool: str,
    arguments: Sequence,
    log: Path,
    reporter: Reporter,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run one of the tools as a process, and follow its log.

    Ctrl-C and SIGTERM are passed on, so that the tool can finish its current
    item; a second Ctrl-C kills it. It is killed too when this process is. Its
    notes (``NOTE: ...``) are shown here too. Raises ToolError if the tool
    fails; the message holds the log's end.
    """
    path = ROOT / 'tools' / tool
    head = ['bash'] if path.suffix == '.sh' else [sys.executable]
    own = os.environ if env is None else env
    command = [sys.executable, SUPERVISE, *head, path, *arguments]
    log.unlink(missing_ok=True)
    with log.open('wb') as file:
        process = subprocess.Popen(  # noqa: S603  our own tools
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
            # dist_*.sh start the Python that runs us.
            env={'PYTHON': sys.executable, **own},
            start_new_session=True,  # Ctrl-C reaches it through us
        )
    try:
        _follow(process, tool, log, reporter)
    finally:
        reporter.close()
        process.stdin.close()  # kills what is left
        process.wait()
    if process.returncode:
        text = log.read_text(errors='replace')
        raise ToolError(
            f'{tool} ended with code {process.returncode}; the end of '
            f'{log}:\n{end_of(text)}',
            process.returncode,
        )
    for note in _NOTE.findall(log.read_text(errors='replace')):
        reporter.step(textwrap.indent(note.rstrip('\n'), '  '))


def end_of(text: str) -> str:
    r"""End of a tool's log: the whole error, or the last lines.

    Example:
        >>> end_of('a\nERROR: 2 faults:\n  x\n  y\n')
        'ERROR: 2 faults:\n  x\n  y'
    """
    lines = text.splitlines()
    heads = [n for n, line in enumerate(lines) if line.startswith(_HEADS)]
    if heads:
        return '\n'.join(lines[heads[-1] :][:_ERROR_LINES])
    return '\n'.join(lines[-_TAIL_LINES:])


def _follow(process, tool: str, log: Path, reporter: Reporter) -> None:
    """Show the progress until the process ends; pass a stop on."""
    try:
        while process.poll() is None:
            reporter.tick(f'{tool}: {last_progress(log) or "working"}')
            try:
                process.wait(0.3)
            except subprocess.TimeoutExpired:
                continue
    except BaseException as stop:
        if not isinstance(stop, Exception):
            reporter.step(f'stopping {tool} (Ctrl-C again kills it)')
            process.send_signal(getattr(stop, 'signal', signal.SIGINT))
            while process.poll() is None:
                time.sleep(0.1)
        raise
