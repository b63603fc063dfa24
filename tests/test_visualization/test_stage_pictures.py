import numpy as np
import pytest

from projects.amr.visualization import overlay_cam
from projects.amr.visualization.stage_pictures import (
    cam_picture,
    shrink,
)

IMAGE = np.full((23, 37, 3), 100, np.uint8)


def test_cam_picture_shows_the_strongest_class():
    cam = np.zeros((2, 23, 37), np.float32)
    cam[0, :, :10], cam[1, :, 20:] = 0.4, 1
    got = cam_picture(IMAGE, cam)
    np.testing.assert_array_equal(got, overlay_cam(IMAGE, cam.max(0)))
    assert got[5, 30, 2] > got[5, 15, 2]


def test_cam_picture_of_an_image_without_classes_is_the_lowest_score():
    got = cam_picture(IMAGE, np.zeros((0, 6, 10)))
    np.testing.assert_array_equal(got, overlay_cam(IMAGE, np.zeros((6, 10))))


@pytest.mark.parametrize(
    ('size', 'want'),
    [((100, 50), (20, 10)), ((50, 100), (10, 20)), ((3, 400), (1, 20))],
)
def test_shrink_bounds_the_longer_side(size, want):
    assert shrink(np.zeros((*size, 3), np.uint8), 20).shape[:2] == want


def test_only_label_maps_keep_their_colours():
    stripes = np.zeros((40, 40, 3), np.uint8)
    stripes[:, ::2] = 255
    assert set(np.unique(shrink(stripes, 20, smooth=False))) <= {0, 255}
    smooth = shrink(stripes, 20)
    assert (np.abs(smooth.astype(int) - 128) <= 1).all()
