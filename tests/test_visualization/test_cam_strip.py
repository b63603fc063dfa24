import numpy as np
import pytest

from projects.amr.visualization import (
    cam_picture,
    colour_labels,
    overlay_cam,
    picture_strip,
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
