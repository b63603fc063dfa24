"""Masks without classes, as tools that cut images into segments write them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from projects.amr.datasets.labels.reading import read_json
from projects.amr.errors import DataError
from projects.amr.structures.label_rules import check_mask_size

_FORMS = 'a folder {0}/ of PNGs, an id map {0}.png, or RLE in {0}.json'


def read_segment_masks(
    folder: str | Path, image_id: str, size: tuple[int, int]
) -> Iterator[np.ndarray]:
    """Yield an image's masks, bool, one at a time, all of ``size`` (H, W).

    ``folder`` holds those of all images. An image has a folder of its own, of
    grey or palette PNGs: what is not 0 in each, but for hidden files and the
    ``matting`` pictures that segment-anything's script may add. Or it has an
    id map, of 8 or 16 bits: each id but 0. Or a JSON: each ``segmentation`` in
    COCO's RLE, in a list or under ``annotations``. Raises DataError if the
    image has none of these, or two, or a file is damaged or of another size.
    """
    own = Path(folder) / image_id
    id_map, codes = Path(f'{own}.png'), Path(f'{own}.json')
    forms = [own] if own.is_dir() else []
    forms += [path for path in (id_map, codes) if path.is_file()]
    if len(forms) != 1:
        raise DataError(
            f'{own} must have its masks once, as '
            f'{_FORMS.format(image_id)}, got '
            f'{[path.name for path in forms]}'
        )
    if forms == [codes]:
        yield from _from_json(codes, size)
    elif forms == [id_map]:
        ids = _read_png(id_map, size)
        for value in np.unique(ids[ids != 0]):
            yield ids == value
    else:
        for path in sorted(own.glob('[!.]*.[pP][nN][gG]')):
            if not path.stem.endswith('matting'):
                yield _read_png(path, size) != 0


def _read_png(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Values (H, W) of a grey or palette PNG."""
    try:
        with Image.open(path, formats=('PNG',)) as image:
            values = np.array(image)
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ) as error:
        raise DataError(
            f'{path} is not a readable PNG ({error}): make it again'
        ) from None
    if values.ndim != 2:
        raise DataError(
            f'{path} must be a grey or palette PNG, got an array of shape '
            f'{values.shape}: save it without colours'
        )
    check_mask_size(path, values.shape, size)
    return values


def _from_json(path: Path, size: tuple[int, int]) -> Iterator[np.ndarray]:
    content = read_json(path)
    try:
        if isinstance(content, dict):
            content = content['annotations']
        codes = [item['segmentation'] for item in content]
    except (KeyError, TypeError) as error:
        raise DataError(
            f'{path} is no list of masks with a `segmentation` ({error!r}): '
            'make it again, as segment-anything does with --convert-to-rle'
        ) from None
    for number, code in enumerate(codes):
        yield decode_rle(f'{path}, mask {number}', code, size)


def decode_rle(place: str, code, size: tuple[int, int]) -> np.ndarray:
    """Decode one mask of COCO's RLE, compressed or not: bool, (H, W).

    ``code`` is a dict of ``size`` and ``counts``, a text or a list. Raises
    DataError, with ``place``, if it is damaged or of another size.
    """
    # Not pycocotools' decoder: it fills up runs that end too early with
    # whatever is in memory.
    try:
        check_mask_size(place, tuple(code['size']), size)
        runs = code['counts']
        runs = np.array(_runs(runs) if isinstance(runs, str) else runs, int)
        if not (runs >= 0).all() or sum(runs.tolist()) != size[0] * size[1]:
            raise ValueError(f'its runs do not cover {size}')
        inside = np.arange(len(runs)) % 2 == 1
        return np.repeat(inside, runs).reshape(size[::-1]).T  # by column
    except DataError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{place} is no RLE of COCO's ({error!r})") from None


def _runs(text: str) -> list[int]:
    """Lengths of the runs of a compressed RLE.

    A character holds six bits, from '0': five of the number, low ones first,
    and whether more follow; the fifth of the last one is the sign. From the
    fourth number on they are differences to the one two before.
    """
    runs: list[int] = []
    number, shift = 0, 0
    for char in text.encode():
        bits = char - 48
        if not 0 <= bits < 64:
            raise ValueError(f'character {chr(char)!r}')
        number |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            number -= (bits & 16) and 1 << shift
            runs.append(number + (runs[-2] if len(runs) > 2 else 0))
            number, shift = 0, 0
    if shift:
        raise ValueError('it ends within a number')
    return runs
