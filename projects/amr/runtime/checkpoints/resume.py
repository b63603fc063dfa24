"""Find the checkpoint that a training resumes from."""

import logging
import os
import re
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config
from mmengine.logging import print_log

from projects.amr.errors import CheckpointError
from projects.amr.runtime.checkpoints.checkpoint_file import read_checkpoint

LAST = 'last_checkpoint'
_NAME = re.compile(r'(?:epoch_(\d+))?_?(?:iter_(\d+))?')


class ResumePoint(NamedTuple):
    """A checkpoint to resume from, with its finished epochs and iterations."""

    path: Path
    epoch: int
    iteration: int


def last_checkpoint(folder: str | Path) -> Path | None:
    """The checkpoint that a work dir's ``last_checkpoint`` names, or None.

    mmengine writes the path as seen from where the training ran; the work dir
    may have moved, or be a copy. So a file of that name in the work dir comes
    first, and one in another work dir does not count. It need not exist.
    """
    try:
        text = (Path(folder) / LAST).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not text or '\0' in text:
        return None
    inside, named = Path(folder) / Path(text).name, Path(text)
    elsewhere = named.is_file() and not (named.parent / LAST).is_file()
    return named if elsewhere and not inside.is_file() else inside


def find_resume_point(
    folder: str | Path, trust: bool = False
) -> tuple[ResumePoint | None, list[str]]:
    """Find the last checkpoint, or else the newest that can be loaded.

    Returns None if there is none, and notes for the user.
    """
    wanted = last_checkpoint(folder)
    notes = []
    for path in _candidates(Path(folder), wanted):
        try:
            point = read_resume_point(path, trust)
        except CheckpointError as error:
            notes.append(f'skipped: {error}')
            continue
        if path != wanted:
            notes.append(_fallback_note(wanted, point))
        return point, notes
    if wanted is not None and not wanted.is_file():
        notes.append(f'{wanted}, the last checkpoint, is missing')
    return None, notes


def read_resume_point(path: str | Path, trust: bool = False) -> ResumePoint:
    """Read the epoch and iteration of a checkpoint.

    Raises CheckpointError if it holds weights without a training's state.
    """
    content = read_checkpoint(path, trust=trust)
    meta = content.get('meta')
    if (
        not isinstance(meta, dict)
        or not isinstance(meta.get('epoch'), int)
        or not isinstance(meta.get('iter'), int)
        or not {'state_dict', 'optimizer', 'message_hub'} <= set(content)
    ):
        raise CheckpointError(
            f'{path} holds no state of a training, only weights or another '
            'content: it cannot be resumed. To start from its weights: '
            f'--cfg-options load_from={path}, without --resume'
        )
    return ResumePoint(Path(path), meta['epoch'], meta['iter'])


def settle_resume(cfg: Config, trust: bool = False) -> None:
    """Choose the checkpoint of ``--resume``, and log notes about it.

    ``load_from`` is set to it, and ``resume`` switched off where there is
    none. A given ``load_from`` counts if it is in the work dir, or the work
    dir has no checkpoint yet; later it is only what the training began with.
    Raises CheckpointError if it cannot be resumed.
    """
    work_dir = Path(cfg.work_dir)
    if named := cfg.get('load_from'):
        own = Path(named).resolve().parent == work_dir.resolve()
        if own or last_checkpoint(work_dir) is None:
            read_resume_point(named, trust)
            return
    point, notes = find_resume_point(work_dir, trust)
    if point is None:
        notes.append(
            f'--resume: no checkpoint in {cfg.work_dir} to resume from; '
            'starting from the beginning'
        )
        cfg.resume = False
    else:
        cfg.load_from = str(point.path)
        notes += _finished_note(cfg, point)
    if int(os.environ.get('RANK', '0')) == 0:
        for note in notes:
            print_log(note, 'current', logging.WARNING)


def _finished_note(cfg: Config, point: ResumePoint) -> list[str]:
    loop = cfg.get('train_cfg') or {}
    progress = {'max_epochs': point.epoch, 'max_iters': point.iteration}
    for name, done in progress.items():
        total = loop.get(name)
        if total and done >= total:
            return [
                f'--resume: the training is finished, {point.path} is at '
                f'{done} of train_cfg.{name}={total}; nothing is trained'
            ]
    return []


def progress_of(path: Path) -> tuple[int, int] | None:
    """Epochs and further iterations in a checkpoint's name.

    Example:
        >>> progress_of(Path('epoch_3.pth'))
        (3, 0)
        >>> progress_of(Path('epoch_3_iter_70.pth'))
        (3, 70)
        >>> progress_of(Path('best.pth')) is None
        True
    """
    found = _NAME.fullmatch(path.stem)
    if not path.stem or found is None:
        return None
    return int(found[1] or 0), int(found[2] or 0)


def _candidates(folder: Path, wanted: Path | None) -> list[Path]:
    """Checkpoints to try: the wanted one, then the others from the newest.

    Those that are ahead of the wanted one are of an earlier run.
    """
    folders = {folder} | ({wanted.parent} if wanted else set())
    paths = [p for f in folders for p in f.glob('*.pth') if p.is_file()]
    paths = [p for p in paths if progress_of(p)]
    bound = progress_of(wanted) if wanted else None
    if bound:
        paths = [p for p in paths if progress_of(p) < bound]
    elif wanted:
        paths = [p for p in paths if p != wanted]
    paths.sort(key=lambda p: (progress_of(p), p.stat().st_mtime), reverse=True)
    return ([wanted] if wanted and wanted.is_file() else []) + paths


def _fallback_note(wanted: Path | None, point: ResumePoint) -> str:
    """Name the checkpoint that is used instead, and what is lost."""
    place = f'epoch {point.epoch}, iteration {point.iteration}'
    if wanted is None:
        return (
            f'{point.path.parent / LAST} is missing or empty: resuming from '
            f'the newest checkpoint that can be read, {point.path} ({place})'
        )
    state = 'cannot be used' if wanted.is_file() else 'is missing'
    return (
        f'{wanted}, the last checkpoint, {state}: falling back to '
        f'{point.path} ({place}){_loss(progress_of(wanted), point)}'
    )


def _loss(wanted: tuple[int, int] | None, point: ResumePoint) -> str:
    if wanted is None:
        return '; how much is lost is not known'
    epochs, iterations = wanted[0] - point.epoch, wanted[1] - point.iteration
    if wanted[1] == 0 and point.epoch:
        iterations = epochs * point.iteration // point.epoch
    elif wanted[1] == 0:
        return f'; {epochs} epochs are lost'
    parts = [f'{epochs} epochs'] if epochs > 0 else []
    return '; ' + ', '.join([*parts, f'{iterations} iterations']) + ' are lost'
