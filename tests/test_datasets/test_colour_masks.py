import numpy as np
import pytest
from PIL import Image

from projects.amr.datasets.labels.colour_masks import (
    colours_to_labels,
    load_colour_mask,
    palette_labels,
    read_palette,
)
from projects.amr.errors import DataError
from projects.amr.structures import save_label_map
from projects.amr.structures.voc_palette import voc_palette

COLOURS = {'background': (0, 0, 0), 'dog': (128, 0, 0), 'big cat': (0, 128, 0)}
TEXTS = {
    'a.txt': '# label:color_rgb:parts:actions\nbackground:0,0,0::\n'
    'dog:128,0,0:head,tail:run\nbig cat:0,128,0::\n',
    'a.csv': 'name,r,g,b\nbackground,0,0,0\ndog,128,0,0\nbig cat,0,128,0\n',
    'b.csv': 'background, 0,0,0\ndog, 128,0,0\n\n"big cat",0,128,0\n',
    'a.json': '{"background": [0,0,0], "dog": [128,0,0], '
    '"big cat": [0,128,0]}',
}


@pytest.mark.parametrize('name', TEXTS)
def test_palettes_of_all_forms_are_read_alike(tmp_path, name):
    path = tmp_path / name
    path.write_text(TEXTS[name])
    assert read_palette(path) == COLOURS
    assert list(read_palette(path)) == list(COLOURS)


@pytest.mark.parametrize(
    'text',
    [
        '',
        'dog\n',
        '{"dog": "123"}',
        '{"dog": [1e999, 0, 0]}',
        'dog,1,2\n',
        'dog,1,2,300\n',
        'dog,1,2,3\ndog,4,5,6\n',
        'dog,1,2,3\ncat,1,2,3\n',
        'dog:1,2::\n',
    ],
)
def test_palettes_that_break_a_rule_are_refused(tmp_path, text):
    path = tmp_path / ('a.json' if '{' in text else 'a.txt')
    path.write_text(text)
    with pytest.raises(DataError, match=path.name):
        read_palette(path)


def test_labels_follow_the_class_list():
    assert list(palette_labels(COLOURS).values()) == [0, 1, 2]
    names = ('background', 'big cat', 'ant', 'dog')
    assert list(palette_labels(COLOURS, names).values()) == [0, 3, 1]
    more = {'ignored': (9, 9, 9), **COLOURS}
    assert palette_labels(more)[9, 9, 9] == 255
    assert palette_labels(more)[128, 0, 0] == 1
    with pytest.raises(DataError, match='big cat'):
        palette_labels(COLOURS, ('background', 'dog'))
    with pytest.raises(DataError, match='background'):
        palette_labels({'dog': (1, 2, 3)})


def test_colours_become_labels_pixel_by_pixel():
    rng = np.random.default_rng(0)
    truth = rng.choice([0, 1, 2, 255], (7, 5)).astype(np.uint8)
    labels = {tuple(voc_palette()[k].tolist()): k for k in (0, 1, 2, 255)}
    rgb = voc_palette()[truth]
    np.testing.assert_array_equal(colours_to_labels(rgb, labels), truth)
    rgb[3, 2] = (1, 2, 3)
    with pytest.raises(ValueError, match=r'1 colours.*\(1, 2, 3\): 1'):
        colours_to_labels(rgb, labels)


@pytest.mark.parametrize('mode', ['P', 'RGB', 'RGBA'])
def test_files_of_all_modes(tmp_path, mode):
    truth = np.array([[0, 1, 2]], np.uint8)
    path = save_label_map(tmp_path / 'a.png', truth)
    with Image.open(path) as image:
        image.convert(mode).save(path)
    found = load_colour_mask(path, palette_labels(COLOURS))
    np.testing.assert_array_equal(found, truth)


def test_files_that_changed_colours_are_named(tmp_path):
    path = tmp_path / 'a.jpg'
    noise = np.random.default_rng(0).integers(0, 2, (16, 16)) * 128
    rgb = np.zeros((16, 16, 3), np.uint8)
    rgb[..., 0] = noise
    Image.fromarray(rgb).save(path)
    with pytest.raises(DataError, match='export the masks as PNG'):
        load_colour_mask(path, palette_labels(COLOURS))
    path.write_text('x')
    with pytest.raises(DataError, match='not a readable'):
        load_colour_mask(path, palette_labels(COLOURS))
