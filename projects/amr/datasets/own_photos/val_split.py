"""Which images of own data are kept for validation."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from projects.amr.datasets.images.image_ids import (
    check_relative,
    image_id_of,
    read_id_list,
    tidy_path,
)
from projects.amr.errors import DataError, UserError, list_faults


def choose_val(ids: Iterable[str], share: float) -> set[str]:
    """Choose validation images: a share of the ids by order of their digest.

    The same ids give the same choice on any machine. At least one image is
    chosen and one left. Raises UserError if the share is outside (0, 1) or
    there are fewer than two ids.

    Example:
        >>> choose_val(['a', 'b', 'c', 'd'], 0.25)
        {'d'}
    """
    check_share(share)
    ids = sorted(ids, key=lambda i: hashlib.sha256(i.encode()).hexdigest())
    if len(ids) < 2:
        raise UserError(
            f'{len(ids)} image cannot be split into training and validation'
        )
    count = min(max(round(share * len(ids)), 1), len(ids) - 1)
    return set(ids[:count])


def check_share(share: float) -> None:
    """Refuse a share outside (0, 1) (UserError)."""
    if not 0 < share < 1:
        raise UserError(
            f'--val-share must be within (0, 1), got {share}: 0.1 keeps a '
            'tenth for validation'
        )


def read_val_list(path: str | Path, ids: Iterable[str]) -> set[str]:
    """Ids of a validation list: a path under the image folder a line.

    Raises DataError if a line names none of the images, or all are listed.
    """
    ids = set(ids)
    chosen = {
        image_id_of(tidy_path(name))
        for name in read_id_list(path, check=check_relative)
    }
    unknown = sorted(chosen - ids)
    if unknown:
        raise DataError(
            f'{path}: {len(unknown)} of {len(chosen)} images are not among '
            f'the labelled ones:\n{list_faults(unknown)}'
        )
    if chosen == ids:
        raise DataError(f'{path} lists all images; none is left to train on')
    return chosen
