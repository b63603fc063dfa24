import numpy as np
import pytest

from projects.amr.visualization import overlay_cam, picture_strip
from projects.amr.visualization.class_strips import class_strips, plain_text


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
    image = np.zeros((5, 7, 3), np.uint8)
    with pytest.raises(ValueError, match='captions'):
        class_strips(image, {'cam': np.zeros((2, 5, 7))}, captions)
    with pytest.raises(ValueError, match='at least one'):
        class_strips(image, {}, [])


def test_text_is_made_drawable():
    assert plain_text('Ünï cät 0.5') == 'Uni cat 0.5'
    assert plain_text('猫 cat') == '? cat'
