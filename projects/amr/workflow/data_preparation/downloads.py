"""A published file from the first of several places that has it."""

import logging
import time
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from projects.amr.errors import MissingDependencyError, UserError, list_faults
from projects.amr.runtime.files.disk_space import require_space
from projects.amr.workflow.data_preparation.known_archives import KnownArchive

LINE_INTERVAL = 10.0  # seconds between plain lines
_CHUNK = 1 << 20  # bytes
_TIMEOUT = 30  # seconds without an answer


class DownloadError(UserError):
    """No place has the file."""

    exit_code = 4


def fetch_archive(known: KnownArchive, folder: str | Path) -> Path:
    """Download an archive, or find it there.

    The places are asked in turn. A file takes its name when its digest is
    the expected one; an earlier download is checked again.

    Args:
        known (KnownArchive): The file.
        folder (str | Path): Where to keep it; made where it is missing.

    Returns:
        Path: The file.

    Raises:
        MissingDependencyError: If pooch is not installed.
        DownloadError: If no place has it; the message says how to bring it.
        DiskFullError: If there is not enough room.
    """
    try:
        import pooch
        import requests
    except ImportError as error:
        raise MissingDependencyError(
            f'downloads need pooch ({error}): pip install pooch, or give the '
            'archives with --voc-tar and --sbd-tar'
        ) from None
    pooch.get_logger().setLevel(logging.WARNING)
    folder = Path(folder)
    target = folder / known.name
    if not target.is_file():
        require_space(folder, known.about, known.name)
    failures = []
    for url in known.urls:
        try:
            with DownloadProgress(known.name) as progress:
                return Path(
                    pooch.retrieve(
                        url,
                        f'{known.algorithm}:{known.digest}',
                        fname=known.name,
                        path=folder,
                        downloader=pooch.HTTPDownloader(
                            progressbar=progress,
                            chunk_size=_CHUNK,
                            timeout=_TIMEOUT,
                        ),
                    )
                )
        except (requests.RequestException, ValueError) as error:
            failures.append(f'{url}: {_short(error)}')
            print(f'not from {failures[-1]}', flush=True)
    raise DownloadError(
        f'{known.title} could not be downloaded:\n{list_faults(failures)}\n'
        f'Bring the file ({known.algorithm} {known.digest}) and name it with '
        f'--voc-tar or --sbd-tar, or put it at {target}'
    )


def _short(error: Exception) -> str:
    """One line of an error."""
    text = ' '.join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f'{text[:200]}...'


class DownloadProgress:
    """What pooch moves while it downloads: a bar, or lines now and then.

    Args:
        title (str): Name of the file.
        interval (float): Seconds between two plain lines. Defaults to 10.
    """

    def __init__(self, title: str, interval: float = LINE_INTERVAL):
        self.title = title
        self.interval = interval
        self.total = 0  # set by pooch, once the server has said it
        self._done = 0
        self._start = self._last = time.monotonic()
        self._bar = Progress(
            TextColumn('{task.description}'),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        self._task = self._bar.add_task(title, total=None)
        self._terminal = Console().is_terminal

    def __enter__(self) -> 'DownloadProgress':
        """Begin to show it."""
        if self._terminal:
            self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        """End the bar, whatever happened."""
        if self._terminal:
            self._bar.stop()

    def update(self, count: int) -> None:
        """Count bytes that have come (pooch rounds up to whole chunks)."""
        self._done += count
        if self.total:
            self._done = min(self._done, self.total)
        if self._terminal:
            total = self.total or None
            self._bar.update(self._task, completed=self._done, total=total)
        elif time.monotonic() - self._last >= self.interval:
            self._last = time.monotonic()
            print(self._line(), flush=True)

    def reset(self) -> None:
        """Count from zero."""
        self._done = 0

    def close(self) -> None:
        """All has come."""
        if not self._terminal:
            print(f'{self.title}: {self._done / 1e6:,.0f} MB', flush=True)

    def _line(self) -> str:
        """Megabytes and the time left."""
        text = f'{self.title}: {self._done / 1e6:,.0f}'
        if not self.total or not self._done:
            return f'{text} MB'
        passed = time.monotonic() - self._start
        left = round(passed * (self.total - self._done) / self._done)
        return (
            f'{text} of {self.total / 1e6:,.0f} MB, '
            f'{left // 60}:{left % 60:02d} min left'
        )
