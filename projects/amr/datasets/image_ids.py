"""Image ids and the lists that hold them."""

import re
from collections import Counter
from pathlib import Path

from projects.amr.errors import DataError, list_faults

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp')
_FORBIDDEN = re.compile(r'[\\/:\x00-\x1f]')


def check_image_id(image_id: str) -> str | None:
    """Say what is wrong with an id that file names are made from.

    Args:
        image_id (str): Name of an image without folder and suffix.

    Returns:
        str | None: The broken rule, or None.

    Example:
        >>> check_image_id('2007_000032')
        >>> check_image_id('../../etc/passwd')
        'has a path separator, colon or control character'
    """
    if _FORBIDDEN.search(image_id):
        return 'has a path separator, colon or control character'
    if image_id.startswith('.') or not image_id.strip():
        return 'is empty or starts with a dot'
    return None


def read_id_list(path: str | Path) -> list[str]:
    """Read a split list: one image id a line.

    Windows line ends, a byte order mark, blank lines, spaces around an id
    and an image suffix behind it are tolerated.

    Args:
        path (str | Path): Text file in UTF-8.

    Returns:
        list[str]: Ids in the order of the file.

    Raises:
        DataError: If the file is missing, empty or not text, or if an id
            could leave the data folder or occurs twice; the message names
            the lines.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding='utf-8-sig').splitlines()
    except FileNotFoundError:
        raise DataError(
            f'split list not found: {path}. Check data_root (VOC_ROOT) and '
            'ann_file of the dataset config'
        ) from None
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise DataError(f'{path} is not a text file ({error})') from None
    entries = [
        (number, strip_image_suffix(line.strip()))
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not entries:
        raise DataError(f'split list {path} holds no image id')
    _refuse_bad_ids(path, entries)
    return [image_id for _, image_id in entries]


def strip_image_suffix(name: str) -> str:
    """Drop an image suffix that some tools leave behind an id."""
    stem, dot, suffix = name.rpartition('.')
    return stem if dot and f'.{suffix.lower()}' in IMAGE_SUFFIXES else name


def _refuse_bad_ids(path: Path, entries: list[tuple[int, str]]) -> None:
    """Raise for ids that are unsafe or doubled."""
    faults = [
        f'line {number}: {image_id!r} {rule}'
        for number, image_id in entries
        if (rule := check_image_id(image_id))
    ]
    if faults:
        raise DataError(
            f'split list {path} must hold one plain image id a line:\n'
            f'{list_faults(faults)}'
        )
    counts = Counter(image_id for _, image_id in entries)
    doubled = [
        f'line {number}: {image_id!r} occurs {counts[image_id]} times'
        for number, image_id in entries
        if counts[image_id] > 1
    ]
    if doubled:
        raise DataError(
            f'split list {path} must name each image once:\n'
            f'{list_faults(doubled)}'
        )
