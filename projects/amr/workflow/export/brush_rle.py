"""Run-length code of Label Studio's brush: RLE-pack of an RGBA image.

A stream of bits: 32 of the number of values, 5 of the word size less one,
four times 4 of the sizes of counts less one; then packets of one bit (a run,
or single words), 2 of the size of the count, the count less one, and the
word or words.
"""

import itertools

import numpy as np

_SIZES = (3, 4, 8, 16)  # bits of a count
_WORD = 8


def encode_brush(mask: np.ndarray) -> list[int]:
    """Code a mask (H, W), bool, as Label Studio's ``rle``, bytes.

    Example:
        >>> rle = encode_brush(np.array([[False, True]]))
        >>> decode_brush(rle, (1, 2)).tolist()
        [[False, True]]
    """
    values = mask.ravel().astype(bool)
    bits = [f'{4 * values.size:032b}{_WORD - 1:05b}']
    bits += [f'{size - 1:04b}' for size in _SIZES]
    edges = np.flatnonzero(values[1:] != values[:-1]) + 1
    edges = [0, *edges.tolist(), values.size]
    for start, end in itertools.pairwise(edges):
        left = 4 * (end - start)  # the four channels are equal
        while left:
            count = min(left, 1 << _SIZES[-1])
            place = next(
                i for i, size in enumerate(_SIZES) if count <= 1 << size
            )
            word = 255 if values[start] else 0
            bits.append(f'1{place:02b}{count - 1:0{_SIZES[place]}b}{word:08b}')
            left -= count
    text = ''.join(bits)
    text += '0' * (-len(text) % 8)
    return [int(text[i : i + 8], 2) for i in range(0, len(text), 8)]


def decode_brush(rle: list[int], size: tuple[int, int]) -> np.ndarray:
    """Mask (H, W), bool, of a code: where alpha is more than half.

    Raises:
        ValueError: If the code ends early or is of another size.
    """
    text = ''.join(f'{byte:08b}' for byte in bytes(rle))
    place = 0

    def take(count: int) -> int:
        nonlocal place
        place += count
        if place > len(text):
            raise ValueError('the brush code ends early')
        return int(text[place - count : place], 2)

    total, word = take(32), take(5) + 1
    if total != 4 * size[0] * size[1]:
        raise ValueError(
            f'the brush code has {total} values, an RGBA image of (H, W) '
            f'{size} has {4 * size[0] * size[1]}'
        )
    sizes = [take(4) + 1 for _ in range(4)]
    values, done = np.zeros(total, np.uint32), 0
    while done < total:
        run = take(1)
        count = take(sizes[take(2)]) + 1
        words = [take(word)] if run else [take(word) for _ in range(count)]
        count = min(count, total - done)
        values[done : done + count] = words if run else words[:count]
        done += count
    return values[3::4].reshape(size) > (1 << word) // 2
