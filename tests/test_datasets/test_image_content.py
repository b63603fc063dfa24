import cv2
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from projects.amr.datasets.images.file_facts import image_facts, read_image
from projects.amr.errors import DataError

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (9, 8, 3), np.uint8)
DEEP = RGB.astype(np.uint16)


def written(path, values):
    """A file by OpenCV, which keeps depth and type."""
    assert cv2.imwrite(str(path), values)
    return path


def tiff(path, bands, bits=8, sample_format=1):
    """A little TIFF of any number of bands, one strip."""
    tags = TiffImagePlugin.ImageFileDirectory_v2(b'II*\0\0\0\0\0')
    data = bytes(4 * 5 * bands * bits // 8)
    tags.update({256: 5, 257: 4, 258: (bits,) * bands, 259: 1, 262: 1})
    tags.update({273: 0, 277: bands, 278: 4, 279: len(data)})
    tags[339] = (sample_format,) * bands
    tags[273] = 8 + len(tags.tobytes(8))
    head = b'II*\0' + (8).to_bytes(4, 'little')
    path.write_bytes(head + tags.tobytes(8) + data)
    return path


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (RGB[..., 0].astype(np.float32), 'floating-point numbers of 32 bits'),
        # OpenCV 4 writes them as LogLuv, 16 bits a band.
        (RGB.astype(np.float32), '(32|16) bits'),
        (RGB[..., 0].astype(np.float64), 'floating-point numbers of 64 bits'),
        (RGB[..., 0].astype(np.int32), 'signed integers of 32 bits'),
        (RGB[..., 0].astype(np.int16), 'signed integers of 16 bits'),
        ({'bands': 5}, '5 bands'),
        ({'bands': 13, 'bits': 16}, '13 bands'),
        ({'bands': 2}, '2 bands'),
        ({'bands': 1, 'bits': 32}, '32 bits'),
        ({'bands': 1, 'bits': 12}, '12 bits'),
        ({'bands': 1, 'bits': 16, 'sample_format': 3}, 'floating'),
        ({'bands': 6, 'bits': 32, 'sample_format': 3}, 'in 6 bands'),
    ],
)
def test_tiffs_that_are_no_picture_are_named(tmp_path, content, reason):
    path = tmp_path / 'a.tif'
    if isinstance(content, dict):
        tiff(path, **content)
    else:
        written(path, content)
    with pytest.raises(DataError, match=reason):
        read_image(path)


def test_grey_with_alpha_is_a_picture(tmp_path):
    path = tmp_path / 'a.tif'
    Image.fromarray(RGB[..., :2].copy(), 'LA').save(path)
    assert 'alpha' in image_facts(path)['converted']
    path = tmp_path / 'b.tif'
    Image.fromarray(RGB).save(path)
    assert image_facts(path) == {'size': [9, 8], 'converted': []}


@pytest.mark.parametrize('suffix', ['png', 'tif'])
@pytest.mark.parametrize(
    ('values', 'refused'),
    [
        (DEEP[..., 0], True),  # 8 bits in a file of 16
        (DEEP, True),
        (DEEP[..., 0] * 15, True),  # 12 bits
        (20000 + DEEP[..., 0], True),  # as of a heat camera
        (DEEP * 64, False),  # 14 bits: dark, but to be seen
        (DEEP * 257, False),
        (np.zeros_like(DEEP), False),  # black before
    ],
)
def test_what_8_bits_do_not_show_is_refused(tmp_path, suffix, values, refused):
    path = written(tmp_path / f'a.{suffix}', values)
    if refused:
        with pytest.raises(DataError, match=r'16 bits from \d+ to \d+'):
            image_facts(path)
    else:
        assert '16 bits' in image_facts(path)['converted']


@pytest.mark.parametrize('mode', ['RGBA', 'LA'])
def test_what_only_alpha_shows_is_refused(tmp_path, mode):
    picture = Image.new(mode, (8, 9))
    path = tmp_path / 'a.png'
    picture.putalpha(Image.fromarray(RGB[..., 0]))
    picture.save(path)
    with pytest.raises(DataError, match='alpha'):
        image_facts(path)
    Image.new(mode, (8, 9)).save(path)  # nothing in either
    assert image_facts(path)['plain'] is True


def test_images_of_one_colour_are_told(tmp_path):
    path = tmp_path / 'a.png'
    Image.new('RGB', (8, 9), (1, 2, 3)).save(path)
    assert image_facts(path)['plain'] is True
    Image.new('RGB', (1, 1)).save(path)
    assert 'plain' not in image_facts(path)
    Image.fromarray(RGB // 64).save(path)  # dark as it is
    assert 'plain' not in image_facts(path)
