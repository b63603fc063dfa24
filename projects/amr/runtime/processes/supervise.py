"""Run a command that never outlives the process that started it.

``python supervise.py COMMAND...``: the command gets its own process group;
SIGINT and SIGTERM are passed on to it; when standard input ends, because the
starting process is gone whatever killed it, the whole group is killed. Run as
a script, so it imports nothing heavy.
"""

import contextlib
import glob
import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Run the command line; 128 + n is the code of one ended by signal n."""
    child = subprocess.Popen(  # noqa: S603  a tool of ours, see the caller
        sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _: _signal_group(child.pid, n))
    threading.Thread(target=_follow, args=(child.pid,), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _follow(group: int) -> None:
    """Kill the group when standard input ends."""
    while os.read(0, 1):
        pass
    # A launcher's workers may have groups of their own.
    for pid in descendants(group):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _signal_group(group, signal.SIGKILL)


def descendants(root: int) -> list[int]:
    """Ids of all processes below one; none on systems without ``/proc``."""
    children: dict[int, list[int]] = {}
    for path in glob.glob('/proc/[0-9]*/stat'):
        with contextlib.suppress(OSError), open(path) as file:
            # The name in brackets may hold blanks.
            parent = int(file.read().rpartition(')')[2].split()[1])
            children.setdefault(parent, []).append(int(path.split('/')[2]))
    found, todo = [], [root]
    while todo:
        own = children.get(todo.pop(), [])
        found += own
        todo += own
    return found


def _signal_group(group: int, number: int) -> None:
    """Send a signal to a group that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


if __name__ == '__main__':
    sys.exit(main())
