import numpy as np
import pytest
from PIL import Image

from projects.amr.errors import DataError
from projects.amr.structures import load_label_map, save_label_map
from projects.amr.structures.label_map import check_palette_order
from projects.amr.structures.voc_palette import voc_palette


def make_labels(height=23, width=37):
    rng = np.random.default_rng(0)
    return rng.choice([0, 3, 20, 255], (height, width)).astype(np.uint8)


@pytest.mark.parametrize('size', [(1, 1), (23, 37)])
def test_round_trip(tmp_path, size):
    labels = make_labels(*size)
    path = save_label_map(tmp_path / 'a.png', labels, key='abc')
    loaded, key = load_label_map(path)
    np.testing.assert_array_equal(loaded, labels)
    assert loaded.dtype == np.uint8
    assert key == 'abc'
    assert load_label_map(save_label_map(path, labels))[1] == ''


@pytest.mark.parametrize('palette', [None, voc_palette()[::-1].copy()])
def test_other_programs_see_the_colours(tmp_path, palette):
    labels = make_labels()
    path = save_label_map(tmp_path / 'a.png', labels, palette, key='abc')
    with Image.open(path) as image:
        assert image.mode == 'P'
        colours = np.array(image.convert('RGB'))
    wanted = voc_palette() if palette is None else palette
    np.testing.assert_array_equal(colours, wanted[labels])


def test_same_input_same_bytes(tmp_path):
    paths = [
        save_label_map(tmp_path / f'{name}.png', make_labels(), key='k')
        for name in 'ab'
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    other = save_label_map(tmp_path / 'c.png', make_labels(), key='l')
    assert other.read_bytes() != paths[0].read_bytes()


@pytest.mark.parametrize('mode', ['L', 'P'])
def test_plain_masks_of_others_are_read(tmp_path, mode):
    labels = make_labels()
    image = Image.fromarray(labels)
    if mode == 'P':
        image.putpalette(voc_palette().tobytes())
    image.save(tmp_path / 'a.png')
    np.testing.assert_array_equal(
        load_label_map(tmp_path / 'a.png')[0], labels
    )


@pytest.mark.parametrize('used', [[0, 3], [3], [1, 0, 255], [2, 3, 1, 0]])
def test_a_palette_in_another_order_is_refused(tmp_path, used):
    labels = np.resize(np.array(used, np.uint8), (5, 7))
    path = save_label_map(tmp_path / 'a.png', labels)
    check_palette_order(path, labels, 4)
    with Image.open(path) as image:
        image.remap_palette(used).save(path)
    found, _ = load_label_map(path)
    with pytest.raises(DataError, match=r'a\.png'):
        check_palette_order(path, found, 4)


@pytest.mark.parametrize(
    'palette',
    [
        [[0, 0, 0], [255, 0, 0]],
        [[0, 0, 0], [0, 128, 0]],  # label 2 of VOC, not of two classes
        [[128, 0, 0], [255, 0, 0]],
        [[0, 0, 0], [0, 0, 0]],
        [[i, i, i] for i in range(256)],
    ],
)
def test_palettes_of_others_are_taken(tmp_path, palette):
    labels = np.array([[0, 1, 1]], np.uint8)
    palette = np.array(palette, np.uint8)
    path = save_label_map(tmp_path / 'a.png', labels, palette)
    check_palette_order(path, labels, 2)


@pytest.mark.parametrize('mode', ['RGB', 'RGBA', 'LA', 'I;16'])
def test_coloured_and_deep_images_are_named_and_refused(tmp_path, mode):
    path = tmp_path / 'mask.png'
    if mode == 'I;16':
        Image.fromarray(make_labels().astype(np.uint16)).save(path)
    else:
        Image.fromarray(make_labels()).convert(mode).save(path)
    with pytest.raises(DataError, match=r'mask\.png.*8 bits'):
        load_label_map(path)


@pytest.mark.parametrize('keep', [0, 5, 60, -30])
def test_damaged_file_is_named(tmp_path, keep):
    path = save_label_map(tmp_path / 'mask.png', make_labels(60, 60))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r'mask\.png is not a readable PNG'):
        load_label_map(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'mask\.png'):
        load_label_map(tmp_path / 'mask.png')


@pytest.mark.parametrize(
    ('labels', 'palette', 'error'),
    [
        (np.zeros((2, 2), np.int64), None, TypeError),
        (np.zeros((2, 2, 3), np.uint8), None, ValueError),
        (np.zeros((0, 2), np.uint8), None, ValueError),
        (np.zeros((2, 2), np.uint8), np.zeros((2, 4), np.uint8), ValueError),
        (np.zeros((2, 2), np.uint8), np.zeros((257, 3), np.uint8), ValueError),
        (np.zeros((2, 2), np.uint8), np.zeros((2, 3)), TypeError),
    ],
)
def test_broken_rules_are_refused(tmp_path, labels, palette, error):
    with pytest.raises(error, match=r'labels|palette'):
        save_label_map(tmp_path / 'a.png', labels, palette)
    assert list(tmp_path.iterdir()) == []
