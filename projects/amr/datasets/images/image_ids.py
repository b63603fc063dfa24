"""Image ids and the lists that hold them."""

import re
import unicodedata
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote_to_bytes

from projects.amr.datasets.labels.voc_main import flagged_ids
from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.image_suffixes import IMAGE_SUFFIXES

MAX_ID_BYTES = 200  # file systems take 255; outputs add suffixes
_FORBIDDEN = re.compile(r'[\\/:\x00-\x1f]')
_RESERVED = frozenset('%/\\:')


def check_image_id(image_id: str) -> str | None:
    """Rule that an id for file names breaks, or None.

    Example:
        >>> check_image_id('2007_000032')
        >>> check_image_id('../../etc/passwd')
        'has a path separator, colon or control character'
    """
    if _FORBIDDEN.search(image_id):
        return 'has a path separator, colon or control character'
    if image_id.startswith('.') or not image_id.strip():
        return 'is empty or starts with a dot'
    if len(image_id.encode(errors='surrogatepass')) > MAX_ID_BYTES:
        return f'has more than {MAX_ID_BYTES} bytes'
    return None


@dataclass(frozen=True)
class ScannedList:
    """A split list with its faults, each with its line."""

    entries: tuple[tuple[int, str], ...]  # safe ids, each at its first line
    unsafe: tuple[tuple[int, str], ...]  # ids that cannot name a file
    doubled: tuple[tuple[int, str], ...]  # ids that occur more than once
    notes: dict[str, int]  # what was tolerated, and on how many lines


def scan_id_list(
    path: str | Path, check: Callable[[str], str | None] = check_image_id
) -> ScannedList:
    """Read a split list with all its faults.

    One image id per line in UTF-8; or a list of VOC's Main, see
    :func:`flagged_ids`, whose images flagged -1 are left out. ``check`` gives
    the rule that an id breaks, or None. Raises DataError if the file is
    missing, not text, or holds no id.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        lines = data.decode('utf-8-sig').splitlines()
    except FileNotFoundError:
        raise DataError(
            f'split list not found: {path}. Check data_root (VOC_ROOT) and '
            'ann_file of the dataset config'
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f'{path} is not a text file ({error})') from None
    notes = _tolerated(data, lines)
    lines = [(n, line.strip()) for n, line in enumerate(lines, 1)]
    entries = _of_main([(n, text) for n, text in lines if text], notes)
    entries = [(n, strip_image_suffix(text)) for n, text in entries]
    if not entries:
        raise DataError(f'split list {path} holds no image id')
    counts = Counter(image_id for _, image_id in entries)
    unsafe = {i: rule for i in counts if (rule := check(i))}
    first = {image_id: number for number, image_id in reversed(entries)}
    return ScannedList(
        tuple((n, i) for n, i in entries if i not in unsafe and first[i] == n),
        tuple((n, f'{i!r} {unsafe[i]}') for n, i in entries if i in unsafe),
        tuple(
            (n, f'{i!r} occurs {counts[i]} times')
            for n, i in entries
            if counts[i] > 1 and i not in unsafe
        ),
        notes,
    )


def _of_main(
    lines: list[tuple[int, str]], notes: dict[str, int]
) -> list[tuple[int, str]]:
    """Images that a list of VOC's Main flags with 1 or 0; of others all."""
    flags = flagged_ids([text for _, text in lines])
    if flags is None:
        return lines
    counts = Counter(flag for _, flag in flags)
    notes['flags of VOC Main, 1'] = counts[1]
    for flag, text in ((0, '0: kept'), (-1, '-1: left out')):
        if counts[flag]:
            notes[f'flags of VOC Main, {text}'] = counts[flag]
    pairs = zip(lines, flags, strict=True)
    return [(number, i) for (number, _), (i, flag) in pairs if flag >= 0]


def _tolerated(data: bytes, lines: list[str]) -> dict[str, int]:
    """Harmless deviations of a list, and on how many lines."""
    texts = [line.strip() for line in lines]
    notes = {
        'byte order mark': int(data.startswith(BOM_UTF8)),
        'Windows line ends': data.count(b'\r\n'),
        'blank lines': sum(not text for text in texts),
        'spaces around an id': sum(
            bool(text) and text != line
            for text, line in zip(texts, lines, strict=True)
        ),
        'image suffixes': sum(strip_image_suffix(t) != t for t in texts),
    }
    return {what: count for what, count in notes.items() if count}


def read_id_list(
    path: str | Path, check: Callable[[str], str | None] = check_image_id
) -> list[str]:
    """Read a split list, see :func:`scan_id_list`, in the order of the file.

    Windows line ends, a byte order mark, blank lines, spaces around an id and
    an image suffix behind it are tolerated. Raises DataError if an id could
    leave the data folder or occurs twice; the message names the lines.
    """
    scanned = scan_id_list(path, check)
    for rule, faults in (
        ('hold one plain image id a line', scanned.unsafe),
        ('name each image once', scanned.doubled),
    ):
        if faults:
            lines = [f'line {number}: {fault}' for number, fault in faults]
            raise DataError(
                f'split list {path} must {rule}:\n{list_faults(lines)}'
            )
    return [image_id for _, image_id in scanned.entries]


def same_text(name: str) -> str:
    """Name in Unicode's NFC, the form in which names are compared.

    One name can be written in several ways ('ü' as one code point or as two,
    as on a Mac); they count as one.
    """
    return unicodedata.normalize('NFC', name)


def tidy_path(name: str) -> str:
    r"""Path of an image as a list or a table names it, in one form.

    Example:
        >>> tidy_path(' ./day 1\\a.jpg')
        'day 1/a.jpg'
    """
    return same_text(name.strip()).replace('\\', '/').removeprefix('./')


def image_id_of(path: str) -> str:
    """Image id of a file in a folder of any names and sub-folders.

    The path under the folder, with ``/``, without its suffix, in NFC, where
    ``/`` and all else that a list of ids or a file name cannot hold is
    percent-encoded. So ids are unique wherever paths without suffix are;
    :func:`path_of_id` decodes them.

    Example:
        >>> image_id_of('holiday/day 1.JPG')
        'holiday%2Fday 1'
        >>> path_of_id('holiday%2Fday 1')
        'holiday/day 1'
    """
    stem = same_text(strip_image_suffix(path))
    inner = range(len(stem) - len(stem.lstrip()), len(stem.rstrip()))
    image_id = ''.join(
        char
        if char.isprintable() and char not in _RESERVED and n in inner
        else _escape(char)
        for n, char in enumerate(stem)
    )
    if image_id.startswith('.'):
        image_id = '%2E' + image_id[1:]
    if strip_image_suffix(image_id) != image_id:  # a.jpg.png
        image_id = '%2E'.join(image_id.rsplit('.', 1))
    return image_id


def path_of_id(image_id: str) -> str:
    """Path without suffix, in NFC, of an id of :func:`image_id_of`."""
    return unquote_to_bytes(image_id).decode('utf-8', 'surrogateescape')


def check_relative(path: str) -> str | None:
    """Rule that a path breaks which must stay in its folder, or None.

    Example:
        >>> check_relative('a/b.jpg')
        >>> check_relative('../b.jpg')
        'leads out of the folder'
    """
    if not path:
        return 'is empty'
    if path.startswith('/') or re.match(r'[A-Za-z]:/', path):
        return 'is an absolute path'
    if '..' in PurePosixPath(path).parts:
        return 'leads out of the folder'
    return None


def _escape(char: str) -> str:
    data = char.encode('utf-8', 'surrogateescape')
    return ''.join(f'%{byte:02X}' for byte in data)


def strip_image_suffix(name: str) -> str:
    """Drop an image suffix that some tools leave behind an id."""
    stem, dot, suffix = name.rpartition('.')
    return stem if dot and f'.{suffix.lower()}' in IMAGE_SUFFIXES else name
