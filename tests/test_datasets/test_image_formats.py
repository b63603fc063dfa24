"""Every format is read by the stated rule; the oracle is Pillow."""

import struct

import numpy as np
import pytest
from mmseg.registry import TRANSFORMS
from PIL import Image

from projects.amr.datasets.images.file_facts import image_facts
from projects.amr.errors import DataError
from projects.amr.structures.label_rules import check_mask_size

TURN = 0x0112  # EXIF orientation


def photo(height=23, width=37):
    """A smooth colour image, so that lossy formats stay near it."""
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([y * 9, x * 6, (x + y) * 4], -1) % 256
    return Image.fromarray(rgb.astype(np.uint8))


def load(path):
    config = {'type': 'LoadWeakLabelImage'}
    return TRANSFORMS.build(config)({'img_path': str(path)})


def rgb(path):
    return load(path)['img'][..., ::-1]


@pytest.mark.parametrize(
    ('name', 'mode', 'options'),
    [
        ('grey.png', 'L', {}),
        ('grey.jpg', 'L', {}),
        ('black-and-white.png', '1', {}),
        ('palette.png', 'P', {}),
        ('colour.tif', 'RGB', {}),
        ('colour.bmp', 'RGB', {}),
        ('colour.webp', 'RGB', {'lossless': True}),
        ('wrong-suffix.JPEG', 'RGB', {'format': 'png'}),
        ('cmyk.tiff', 'CMYK', {}),
    ],
)
def test_colours_are_pillows(tmp_path, name, mode, options):
    picture = photo().convert(mode)
    picture.save(tmp_path / name, **options)
    with Image.open(tmp_path / name) as stored:
        want = np.asarray(stored.convert('RGB')).astype(int)
    got = rgb(tmp_path / name)
    assert got.shape == (23, 37, 3)
    assert got.dtype == np.uint8
    assert np.abs(got - want).max() <= 2


def test_cmyk_jpeg_keeps_its_colours(tmp_path):
    """Adobe's inverted channels are turned back."""
    path = tmp_path / 'a.jpg'
    picture = photo()
    picture.convert('CMYK').save(path, quality=100, subsampling=0)
    difference = rgb(path).astype(int) - np.asarray(picture)
    assert np.abs(difference).mean() < 3


@pytest.mark.parametrize('suffix', ['png', 'tif'])
def test_sixteen_bits_are_divided_by_256(tmp_path, suffix):
    values = (np.arange(23 * 37).reshape(23, 37) * 76).astype(np.uint16)
    path = tmp_path / f'a.{suffix}'
    Image.fromarray(values).save(path)
    got = rgb(path)
    assert values.max() > 64000
    assert np.abs(got[..., 0] - values / 256).max() <= 1
    np.testing.assert_array_equal(got[..., 0], got[..., 2])


def test_alpha_is_dropped_and_not_blended(tmp_path):
    path = tmp_path / 'a.png'
    picture = photo()
    clear = picture.copy()
    clear.putalpha(0)
    clear.save(path)
    np.testing.assert_array_equal(rgb(path), np.asarray(picture))


@pytest.mark.parametrize('turn', range(1, 9))
def test_exif_orientation_is_applied(tmp_path, turn):
    path = tmp_path / 'a.png'
    exif = Image.Exif()
    exif[TURN] = turn
    picture = photo()
    picture.save(path, exif=exif)
    array = np.asarray(picture)
    want = {
        1: array,
        2: array[:, ::-1],
        3: array[::-1, ::-1],
        4: array[::-1],
        5: array.swapaxes(0, 1),
        6: np.rot90(array, -1),
        7: np.rot90(array, 2).swapaxes(0, 1),
        8: np.rot90(array),
    }[turn]
    loaded = load(path)
    np.testing.assert_array_equal(loaded['img'][..., ::-1], want)
    assert tuple(loaded['ori_shape']) == want.shape[:2]


def ifd(data, offset):
    """Places of a TIFF directory's entries, and of the next directory."""
    (count,) = struct.unpack_from('<H', data, offset)
    places = range(offset + 2, offset + 2 + 12 * count, 12)
    (following,) = struct.unpack_from('<I', data, offset + 2 + 12 * count)
    return places, following


@pytest.mark.parametrize('damaged', [False, True])
def test_the_first_page_is_read_whatever_follows(tmp_path, damaged):
    path = tmp_path / 'pages.tif'
    first, *others = (photo(23, 37 + i) for i in range(3))
    first.save(path, save_all=True, append_images=others)
    data = bytearray(path.read_bytes())
    _, second = ifd(data, struct.unpack_from('<I', data, 4)[0])
    if damaged:  # the second page has no width
        for place in ifd(data, second)[0]:
            if struct.unpack_from('<H', data, place)[0] == 256:
                struct.pack_into('<H', data, place, 65000)
        path.write_bytes(data)
        with Image.open(path) as image, pytest.raises(TypeError):
            _ = image.n_frames
    np.testing.assert_array_equal(rgb(path), np.asarray(first))
    facts = image_facts(path)
    assert facts == {'size': [23, 37], 'converted': ['further pages']}


def test_fault_13_mask_of_a_turned_image_names_both_sizes(tmp_path):
    image, mask = tmp_path / 'a.jpg', tmp_path / 'a.png'
    exif = Image.Exif()
    exif[TURN] = 6
    photo().save(image, exif=exif)
    Image.fromarray(np.zeros((23, 37), np.uint8)).save(mask)
    results = load(image) | {'seg_map_path': str(mask)}
    transform = TRANSFORMS.build({'type': 'LoadMaskIfPresent'})
    with pytest.raises(DataError, match=r'\(23, 37\).*\(37, 23\).*EXIF'):
        transform(dict(results))
    Image.fromarray(np.ones((37, 23), np.uint8)).save(mask)
    assert transform(dict(results))['gt_seg_map'].sum() == 37 * 23
    with pytest.raises(DataError) as error:
        check_mask_size('a.png', (5, 7), (5, 8))
    assert 'EXIF' not in str(error.value)
