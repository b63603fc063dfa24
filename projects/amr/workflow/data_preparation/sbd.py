"""SBD: class masks in MATLAB files, and the augmented training list."""

import io
from collections.abc import Iterable

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from projects.amr.errors import DataError

NUM_LABELS = 21  # background and VOC's 20 classes; SBD has no 255


def read_sbd_mask(content: bytes, name: str) -> np.ndarray:
    """Take the class mask out of a ``dataset/cls/*.mat`` file.

    Only arrays are read: scipy unpickles nothing.

    Args:
        content (bytes): The file.
        name (str): Its name, for messages.

    Returns:
        np.ndarray: Labels, shape (H, W), uint8, 0..20.

    Raises:
        DataError: If the file is damaged, has another structure than
            ``GTcls.Segmentation``, or a value is outside 0..20.
    """
    try:
        truth = loadmat(io.BytesIO(content), variable_names=['GTcls'])['GTcls']
        mask = truth['Segmentation'].item()
    except KeyError:
        raise DataError(f'{name} has no GTcls') from None
    except (MatReadError, OSError, EOFError) as error:
        raise DataError(f'{name} is no MATLAB file ({error})') from None
    except Exception as error:  # scipy has no common base of its errors
        raise DataError(
            f'{name} is damaged or has no GTcls.Segmentation ({error!r})'
        ) from None
    mask = np.asarray(mask)
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


def augmented_lists(
    train: Iterable[str], val: Iterable[str], sbd: Iterable[str]
) -> dict[str, list[str]]:
    """Training lists of VOC with SBD's annotations.

    The validation images of VOC are in SBD as well, and must not be trained
    on.

    Args:
        train (Iterable[str]): Ids of VOC's segmentation train list.
        val (Iterable[str]): Of its val list.
        sbd (Iterable[str]): Of SBD's train and val lists.

    Returns:
        dict[str, list[str]]: Sorted ids: ``train_aug``, all to train on
        (10,582 of the real sets), and ``aug``, those of SBD alone (9,118;
        mmseg's configs name it beside ``train``).

    Example:
        >>> augmented_lists(['a', 'b'], ['c'], ['b', 'c', 'd'])
        {'train_aug': ['a', 'b', 'd'], 'aug': ['d']}
    """
    train, val = set(train), set(val)
    train_aug = (train | set(sbd)) - val
    return {
        'train_aug': sorted(train_aug),
        'aug': sorted(train_aug - train),
    }
