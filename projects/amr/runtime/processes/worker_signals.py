"""Workers of data loaders outlive a stop signal until the step is done."""

import os
import signal
from collections.abc import Callable
from multiprocessing import Value
from multiprocessing.util import Finalize

from torch.utils.data import DataLoader


class WorkerSignalMask:
    """Keeps Ctrl-C and SIGTERM from workers while it is up.

    A terminal and a batch system send them to all processes; a worker that
    dies takes the step in hand with it. Ctrl-C is ignored. SIGTERM is
    ignored while the mask blocks, and ends the worker otherwise: the
    parent ends its workers with it. It goes down when the process ends,
    whatever the reason.
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
        """Put the workers of a data loader, not yet started, behind it.

        Args:
            loader (DataLoader | Any): Changed in place; anything but a data
                loader with workers stays as it is.
        """
        if isinstance(loader, DataLoader) and loader.num_workers:
            loader.worker_init_fn = _MaskedInit(
                self._blocked, loader.worker_init_fn
            )


class _MaskedInit:
    """A worker's initialisation that first sets its handlers."""

    def __init__(self, blocked, init: Callable | None):
        self.blocked = blocked
        self.init = init

    def __call__(self, worker_id: int) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._terminate)
        if self.init is not None:
            self.init(worker_id)

    def _terminate(self, number, _frame) -> None:
        """End, unless signals are blocked; as torch's handler, with code 0."""
        if not self.blocked.value:
            os._exit(0)
