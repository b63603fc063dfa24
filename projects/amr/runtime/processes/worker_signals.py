"""Keep workers of data loaders alive on a stop until the step is done."""

import os
import signal
from collections.abc import Callable
from functools import partial
from multiprocessing import Value
from multiprocessing.util import Finalize

from torch.utils.data import DataLoader


class WorkerSignalMask:
    """Keeps Ctrl-C and SIGTERM from the workers of data loaders.

    A terminal and a batch system send them to all processes; a worker that
    dies loses the current step. Ctrl-C is ignored. SIGTERM is ignored while
    the mask blocks; otherwise it ends the worker, as the parent does. The
    mask is dropped when the process ends, whatever the reason.
    """

    def __init__(self):
        self._blocked = Value('b', 0, lock=False)
        Finalize(None, self.unblock, exitpriority=100)

    def block(self) -> None:
        """Ignore signals from now on."""
        self._blocked.value = 1

    def unblock(self) -> None:
        """Let SIGTERM end workers again."""
        self._blocked.value = 0

    def install(self, loader) -> None:
        """Protect the workers of a data loader before they start."""
        if isinstance(loader, DataLoader) and loader.num_workers:
            loader.worker_init_fn = partial(
                _start_masked, self._blocked, loader.worker_init_fn
            )


def _start_masked(blocked, init: Callable | None, worker_id: int) -> None:
    """Initialise a worker, after its handlers are set."""

    def terminate(*_):
        if not blocked.value:
            os._exit(0)  # as torch's handler

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, terminate)
    if init is not None:
        init(worker_id)
