import numpy as np
import pytest

from projects.amr.structures.voc_palette import voc_palette
from projects.amr.visualization import (
    cam_picture,
    colour_labels,
    overlay_cam,
    picture_strip,
)
from projects.amr.visualization.class_strips import class_strips, plain_text
from projects.amr.visualization.sample_picture import (
    add_title,
    overlay_labels,
)

IMAGE = np.full((23, 37, 3), 100, np.uint8)


def test_overlay_goes_from_blue_to_red():
    cam = np.zeros((23, 37), np.float32)
    cam[:, 20:] = 1
    out = overlay_cam(IMAGE, cam, opacity=1.0).astype(int)
    assert out[5, 3, 0] > out[5, 3, 2]  # BGR: blue where 0
    assert out[5, 30, 2] > out[5, 30, 0]
    np.testing.assert_array_equal(overlay_cam(IMAGE, cam, 0.0), IMAGE)
    with pytest.raises(ValueError, match='`cam`'):
        overlay_cam(IMAGE, cam * 2)


def test_cam_picture_shows_the_strongest_class():
    cam = np.zeros((2, 23, 37), np.float32)
    cam[0, :, :10], cam[1, :, 20:] = 0.4, 1
    got = cam_picture(IMAGE, cam)
    np.testing.assert_array_equal(got, overlay_cam(IMAGE, cam.max(0)))
    assert got[5, 30, 2] > got[5, 15, 2]


def test_cam_picture_of_an_image_without_classes_is_the_lowest_score():
    got = cam_picture(IMAGE, np.zeros((0, 6, 10)))
    np.testing.assert_array_equal(got, overlay_cam(IMAGE, np.zeros((6, 10))))


def test_labels_are_painted_in_bgr_and_void_white():
    labels = np.array([[0, 1], [255, 1]], np.uint8)
    out = colour_labels(labels, [[0, 0, 0], [1, 2, 3]])
    assert out[0, 1].tolist() == [3, 2, 1]
    assert out[1, 0].tolist() == [255, 255, 255]


def test_strip_holds_the_pictures_unchanged():
    other = np.arange(23 * 37 * 3, dtype=np.uint8).reshape(23, 37, 3)
    strip = picture_strip([('a', IMAGE), ('b', other)])
    height, width = strip.shape[:2]
    assert height == 23 + 18
    assert width == 2 * (37 + 4)
    np.testing.assert_array_equal(strip[18:, 41 : 41 + 37], other)


def test_rows_are_classes_and_columns_maps():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (23, 37, 3), np.uint8)
    cams = {
        'spotlight': rng.random((2, 6, 9)),
        'weighted': rng.random((2, 3, 5)),
    }
    drawn = class_strips(image, cams, ['Kühe 0.90', 'dog 0.10'])
    for row, caption in enumerate(('Kuhe 0.90', 'dog 0.10')):
        panels = [(caption, image)]
        panels += [
            (name, overlay_cam(image, cam[row])) for name, cam in cams.items()
        ]
        strip = picture_strip(panels)
        height = len(strip)
        np.testing.assert_array_equal(
            drawn[row * height : (row + 1) * height], strip
        )
    assert len(drawn) == 2 * height


@pytest.mark.parametrize('captions', [[], ['one']])
def test_captions_and_maps_must_be_as_many(captions):
    with pytest.raises(ValueError, match='captions'):
        class_strips(IMAGE, {'cam': np.zeros((2, 5, 7))}, captions)
    with pytest.raises(ValueError, match='at least one'):
        class_strips(IMAGE, {}, [])


def test_text_is_made_drawable():
    assert plain_text('Ünï cät 0.5') == 'Uni cat 0.5'
    assert plain_text('猫 cat') == '? cat'


def test_labels_are_mixed_in_and_background_stays():
    labels = np.zeros((23, 37), np.uint8)
    labels[5:9, 5:9], labels[12, :] = 1, 255
    out = overlay_labels(IMAGE, labels, voc_palette(3), opacity=0.5)
    assert (out[labels == 0] == 100).all()
    # Label 1 is red, (128, 0, 0): BGR.
    assert out[6, 6].tolist() == [50, 50, 114]
    assert out[12, 3].tolist() == [178, 178, 178]  # 255 is white
    full = overlay_labels(IMAGE, labels, voc_palette(3), opacity=1.0)
    assert full[6, 6].tolist() == [0, 0, 128]
    with pytest.raises(ValueError, match=r'\(23, 36\)'):
        overlay_labels(IMAGE, labels[:, 1:], voc_palette(3))


def test_title_stands_above_and_is_never_cut():
    out = add_title(IMAGE, ['a', 'many words that are wider than the image'])
    height = out.shape[0] - 23
    assert height == 36
    np.testing.assert_array_equal(out[height:, :37], IMAGE)
    assert (out[height:, 37:] == 255).all()
    ink = np.flatnonzero((out[:height] < 255).any((0, 2)))
    assert ink.max() > 150
    assert ink.max() < out.shape[1] - 1
    narrow = add_title(IMAGE, ['a'])
    assert narrow.shape == (23 + 18, 37, 3)
