"""Scores of label maps on disk: no model, no walk, no threshold.

Shape legend: (H, W) image size, L labels with the background. A confusion
matrix has L rows (true labels) and L + 1 columns (predicted labels, then
255, "no label").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from prettytable import PrettyTable
from torch import Tensor

from projects.amr.errors import DataError, list_faults
from projects.amr.evaluation.threshold_sweep import iou_per_class
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.structures import load_label_map
from projects.amr.structures.label_rules import check_labels, check_mask_size
from projects.amr.structures.label_space import IGNORE_LABEL


def checked_mask(
    sample: dict, size: tuple, num_labels: int, ignored: int = IGNORE_LABEL
) -> Tensor:
    """Mask (H, W) of a metric's sample, from its ``gt_sem_seg``.

    Raises DataError if it is not of its image's size, or has a value that is
    neither 0..L-1 nor ``ignored``; mmseg would drop it without a word.
    """
    mask = sample['gt_sem_seg']['data'][0]
    path = sample.get('seg_map_path', 'mask')
    check_mask_size(path, mask.shape, size)
    check_labels(path, mask.cpu(), num_labels, ignored=ignored)
    return mask


def mask_confusion(
    pred: np.ndarray, truth: np.ndarray, num_labels: int
) -> np.ndarray:
    """Count pixels (L, L + 1) by true label and predicted one or 255.

    Labels are 0..L-1 and 255, (H, W); 255 in the truth is not counted. Raises
    ValueError if the shapes differ or a value is out of range.

    Example:
        >>> truth = np.array([[0, 1, 1, 255]])
        >>> mask_confusion(np.array([[0, 1, 255, 1]]), truth, 2)
        array([[1, 0, 0],
               [0, 1, 1]])
    """
    if pred.shape != truth.shape:
        raise ValueError(
            f'size {pred.shape} of the prediction differs from the '
            f"truth's {truth.shape}"
        )
    for name, labels in (('prediction', pred), ('truth', truth)):
        wrong = labels[(labels >= num_labels) & (labels != IGNORE_LABEL)]
        if len(wrong):
            raise ValueError(
                f'values of the {name} must be 0..{num_labels - 1} or '
                f'{IGNORE_LABEL}, got {np.unique(wrong)[:10].tolist()}'
            )
    valid = truth != IGNORE_LABEL
    # No label is the last column: wrong for recall and IoU.
    column = np.where(pred == IGNORE_LABEL, num_labels, pred)[valid]
    flat = truth[valid].astype(np.int64) * (num_labels + 1) + column
    shape = (num_labels, num_labels + 1)
    return np.bincount(flat, minlength=np.prod(shape)).reshape(shape)


@dataclass
class MaskScores:
    """Scores of label maps, from their summed confusion.

    All are in percent, 100 is best; a label that does not occur is nan and
    left out of means. **255 in a prediction counts as wrong**: it takes from
    recall and IoU (not from precision). 255 in the truth is not counted.
    """

    classes: tuple[str, ...]  # names by label, background first
    confusion: np.ndarray  # (L, L + 1)
    num_images: int  # counted
    num_skipped: int = 0  # without prediction, left out

    @property
    def iou(self) -> np.ndarray:
        """IoU of each label, shape (L,), nan if in neither."""
        size = len(self.confusion) + 1
        square = np.zeros((size, size), np.int64)
        square[:-1] = self.confusion
        return 100 * iou_per_class(square)[:-1]

    @property
    def precision(self) -> np.ndarray:
        """Share of a predicted label's pixels that are right, shape (L,)."""
        return 100 * _ratio(self._hits, self.confusion[:, :-1].sum(0))

    @property
    def recall(self) -> np.ndarray:
        """Share of a true label's pixels that are found, shape (L,)."""
        return 100 * _ratio(self._hits, self.confusion.sum(1))

    @property
    def coverage(self) -> float:
        """Share of the counted pixels that have a predicted label."""
        total = self.confusion.sum()
        return 100 * float(_ratio(self.confusion[:, :-1].sum(), total))

    @property
    def _hits(self) -> np.ndarray:
        """Right pixels of each label."""
        return np.diagonal(self.confusion)

    def summary(self) -> dict:
        """Return means and values per class for JSON: nan becomes None."""
        rows = {
            'IoU': self.iou,
            'precision': self.precision,
            'recall': self.recall,
        }
        result = {f'm{name}': _mean(values) for name, values in rows.items()}
        result['mprecision_fg'] = _mean(self.precision[1:])
        result['mrecall_fg'] = _mean(self.recall[1:])
        result['coverage'] = self.coverage
        result['images'] = self.num_images
        result['skipped'] = self.num_skipped
        result['per_class'] = {
            label: {name: float(row[i]) for name, row in rows.items()}
            for i, label in enumerate(self.classes)
        }
        return _without_nan(result)

    def table(self, title: str = 'label') -> str:
        """Return a table of one row a label, then the mean."""
        columns = [self.iou, self.precision, self.recall]
        table = PrettyTable([title, 'IoU', 'precision', 'recall'])
        for label, *row in zip(self.classes, *columns, strict=True):
            table.add_row([label, *(f'{value:.2f}' for value in row)])
        table.add_row(['mean', *(f'{_mean(c):.2f}' for c in columns)])
        return table.get_string()


def evaluate_masks(
    pairs: Iterable[tuple[Path, Path]],
    classes: tuple[str, ...],
    *,
    skip_missing: bool = False,
) -> MaskScores:
    """Score predicted label maps against masks.

    ``pairs`` are the files of prediction and mask of each image, ``classes``
    the names by label, background first.

    Raises DataError if predictions are missing (the first ten are named), none
    is left, a file is no label map of the right size and values, or all masks
    are 255.
    """
    pairs = [(Path(pred), Path(mask)) for pred, mask in pairs]
    missing = [pred for pred, _ in pairs if not pred.is_file()]
    if missing and not skip_missing:
        raise DataError(
            f'{len(missing)} of {len(pairs)} predictions are missing:\n'
            f'{list_faults([str(path) for path in missing])}\n'
            'Make them, or leave them out with --skip-missing'
        )
    left_out = set(missing)
    pairs = [pair for pair in pairs if pair[0] not in left_out]
    if not pairs:
        raise DataError('no prediction to score: check the folder and split')
    confusion = np.zeros((len(classes), len(classes) + 1), np.int64)
    for pred, mask in show_progress(pairs, len(pairs), 'images'):
        confusion += file_confusion(pred, mask, len(classes))
    if not confusion.any():
        raise DataError(
            f'no pixel is scored: the masks of all {len(pairs)} images are '
            f'255 everywhere, such as {pairs[0][1]}. Name the folder of the '
            'true masks (--mask-dir)'
        )
    return MaskScores(classes, confusion, len(pairs), len(missing))


def file_confusion(pred: Path, mask: Path, num_labels: int) -> np.ndarray:
    """:func:`mask_confusion` of one prediction's file and its mask's.

    Raises DataError if one of them breaks a rule; both are named.
    """
    try:
        labels, truth = load_label_map(pred)[0], load_label_map(mask)[0]
        return mask_confusion(labels, truth, num_labels)
    except FileNotFoundError as error:
        raise DataError(
            f'{error}: scores need a mask for every image of the split'
        ) from None
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f'{pred} (mask: {mask}): {error}. Were both made with one class '
            'list and at the size of the image?'
        ) from None


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part / whole``, nan where the whole is 0."""
    with np.errstate(invalid='ignore'):
        return part / np.where(whole > 0, whole, np.nan)


def _mean(values: np.ndarray) -> float:
    """Mean of what is not nan; nan if nothing is left."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float('nan')


def _without_nan(value):
    """Replace nan by None, in nested dicts."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value
