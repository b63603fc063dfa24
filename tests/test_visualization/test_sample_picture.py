import numpy as np
import pytest

from projects.amr.structures.voc_palette import voc_palette
from projects.amr.visualization.sample_picture import (
    add_title,
    overlay_labels,
)

IMAGE = np.full((23, 37, 3), 100, np.uint8)


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
