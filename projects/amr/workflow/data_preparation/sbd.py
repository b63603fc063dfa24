"""SBD: class masks in MATLAB files, and the augmented training list."""

import io
from collections.abc import Iterable

import numpy as np
from scipy.io import loadmat

from projects.amr.errors import DataError

NUM_LABELS = 21  # background and VOC's 20 classes; SBD has no 255


def augmented_lists(
    train: Iterable[str], val: Iterable[str], sbd: Iterable[str]
) -> dict[str, list[str]]:
    """Training lists of VOC with SBD's annotations, without VOC's val.

    ``train_aug``, all to train on (10,582 of the real sets), and ``aug``,
    those of SBD alone (9,118, which mmseg's configs add to ``train``), sorted.

    Example:
        >>> augmented_lists(['a', 'b'], ['c'], ['b', 'c', 'd'])
        {'train_aug': ['a', 'b', 'd'], 'aug': ['d']}
    """
    train_aug = {*train, *sbd} - set(val)
    return {
        'train_aug': sorted(train_aug),
        'aug': sorted(train_aug - set(train)),
    }


def read_sbd_mask(content: bytes, name: str) -> np.ndarray:
    """Read the class mask in a ``dataset/cls/*.mat`` file of SBD.

    Labels (H, W), uint8, 0..20. Only arrays are read: scipy unpickles nothing.
    Raises DataError if the file is damaged, has another structure than
    ``GTcls.Segmentation``, or a value is outside 0..20.
    """
    try:
        truth = loadmat(io.BytesIO(content), variable_names=['GTcls'])['GTcls']
        mask = np.asarray(truth['Segmentation'].item())
    except Exception as error:  # scipy has no common base of its errors
        raise DataError(
            f'{name} is damaged or has no GTcls.Segmentation ({error!r})'
        ) from None
    if mask.ndim != 2 or not mask.size or mask.dtype.kind not in 'uif':
        raise DataError(
            f'{name}: GTcls.Segmentation must be (H, W) numbers, got '
            f'{mask.dtype} {mask.shape}'
        )
    values = np.unique(mask)
    wrong = values[(values < 0) | (values >= NUM_LABELS) | (values % 1 != 0)]
    if len(wrong):
        raise DataError(
            f'{name}: classes must be 0..{NUM_LABELS - 1}, got '
            f'{", ".join(f"{value:g}" for value in wrong[:5])}'
        )
    return mask.astype(np.uint8)
