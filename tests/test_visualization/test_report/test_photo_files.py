import cv2
import numpy as np
import pytest
import torch
from report_samples import read_planes

from projects.amr.ops.cam import cam_to_label
from projects.amr.visualization.report.data import Layer
from projects.amr.visualization.report.photo_files import (
    MAP_SIDE,
    PHOTO_SIDE,
    cam_layer,
    grey_layer,
    label_layer,
    map_size,
    save_photo,
)

STEPS = tuple(step / 100 for step in range(101))


@pytest.mark.parametrize('classes', [[], [4], [0, 7, 19]])
def test_levels_and_winners_give_the_labels_of_every_threshold(classes):
    rng = np.random.default_rng(0)
    # Scores that lie on thresholds as well: there the background wins.
    cam = rng.integers(0, 101, (len(classes), 5, 7)) / 100
    cam = cam.astype(np.float32)
    for size in ((5, 7), (13, 19)):
        level, winner = cam_layer('CAM', cam, classes, size, STEPS).planes
        for step, threshold in enumerate(STEPS):
            want = cam_to_label(
                torch.from_numpy(cam), torch.tensor(classes), size, threshold
            )
            got = np.where(level > step, winner, 0)
            np.testing.assert_array_equal(got, want)


def test_more_thresholds_than_a_byte_has_levels_are_refused():
    with pytest.raises(ValueError, match='255'):
        cam_layer('CAM', np.ones((1, 2, 2)), [0], (2, 2), (0.5,) * 256)


def test_label_maps_get_no_new_label():
    labels = np.zeros((50, 70), np.uint8)
    labels[10:30, 20:], labels[30:] = 20, 255
    plane = label_layer('x', labels, (23, 37)).planes[0]
    assert plane.shape == (23, 37)
    assert set(np.unique(plane)) == {0, 20, 255}
    same = label_layer('x', labels, (50, 70)).planes[0]
    np.testing.assert_array_equal(same, labels)


def test_greys_are_within_half_a_step():
    values = np.random.default_rng(0).random((9, 11))
    plane = grey_layer('x', values, (9, 11)).planes[0]
    assert np.abs(plane / 255 - values).max() <= 0.5 / 15 + 1e-6
    assert plane.dtype == np.uint8


@pytest.mark.parametrize('size', [(375, 500), (2000, 3), (1, 1), (301, 700)])
def test_maps_are_bounded_and_keep_the_shape(size):
    height, width = map_size(size)
    assert 1 <= min(height, width) <= max(height, width) <= MAP_SIDE
    if min(size) > 300:
        assert height / width == pytest.approx(size[0] / size[1], rel=0.02)


def test_files_hold_picture_and_planes(tmp_path):
    rng = np.random.default_rng(0)
    image = np.full((450, 600, 3), (30, 120, 200), np.uint8)
    planes = rng.integers(0, 256, (3, 4, 6), np.uint8)
    layers = (Layer('a', 'cam', planes[:2]), Layer('b', 'labels', planes[2:]))
    names = save_photo(tmp_path, image, layers)
    picture = cv2.imread(str(tmp_path / names[0])).astype(int)
    assert picture.shape == (PHOTO_SIDE * 3 // 4, PHOTO_SIDE, 3)
    assert np.abs(picture - image[0, 0]).max() <= 3
    assert read_planes(tmp_path / names[1]) == planes.tobytes()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert save_photo(tmp_path, image, layers) == names
    after = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert after == before
    other = save_photo(tmp_path, image, layers[::-1])
    assert other[0] == names[0]
    assert other[1] != names[1]
    assert len(list(tmp_path.iterdir())) == 3
