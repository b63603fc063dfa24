import numpy as np
import pytest
import torch
from mmseg.registry import TRANSFORMS
from PIL import Image

from projects.amr.errors import DataError


def run(config, **results):
    return TRANSFORMS.build(config)(results)


def photo(height=23, width=37):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize('shape', [(23, 37), (61, 40)])
def test_longest_side_is_drawn_uniformly_and_aspect_kept(shape):
    transform = TRANSFORMS.build(
        {'type': 'RandomResizeLongestSide', 'min_side': 30, 'max_side': 34}
    )
    np.random.seed(0)
    sides = []
    for _ in range(200):
        out = transform({'img': photo(*shape)})
        height, width = out['img'].shape[:2]
        assert out['img_shape'] == (height, width)
        sides.append(max(height, width))
        assert abs(height / width - shape[0] / shape[1]) < 0.05
    assert set(sides) == {30, 31, 32, 33, 34}


def test_small_image_lands_whole_on_the_mean():
    image = photo()
    np.random.seed(1)
    out = run(
        {
            'type': 'RandomCropOrPad',
            'crop_size': (40, 50),
            'pad_val': (1.4, 2.6, 3),
        },
        img=image,
    )['img']
    assert out.shape == (40, 50, 3)
    inside = np.any(out != np.array([1, 3, 3], np.uint8), axis=-1)
    rows, columns = (
        np.flatnonzero(inside.any(1)),
        np.flatnonzero(inside.any(0)),
    )
    window = out[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    np.testing.assert_array_equal(window, image)


def test_large_image_is_cut_and_every_offset_occurs():
    image = np.zeros((8, 9, 3), np.uint8)
    image[..., 0] = np.arange(72).reshape(8, 9)
    transform = TRANSFORMS.build(
        {'type': 'RandomCropOrPad', 'crop_size': (6, 12)}
    )
    np.random.seed(0)
    corners = set()
    for _ in range(300):
        out = transform({'img': image})['img']
        column = int(np.flatnonzero((out[..., 1] == 0).all(0))[0])
        top = int(out[0, column, 0]) // 9
        np.testing.assert_array_equal(
            out[:, column : column + 9], image[top : top + 6]
        )
        corners.add((top, column))
    assert corners == {(t, c) for t in range(3) for c in range(4)}


def test_packing_adds_label_and_parts():
    out = run(
        {'type': 'PackWeakLabelInputs'},
        img=photo(),
        img_id='a',
        img_label=np.array([0, 1], np.float32),
        gt_seg_map=np.full((23, 37), 2, np.uint8),
        gt_part_map=np.full((23, 37), 1, np.uint8),
    )
    assert out['inputs'].shape == (3, 23, 37)
    sample = out['data_samples']
    assert sample.img_id == 'a'
    assert sample.gt_label.tolist() == [0, 1]
    assert sample.gt_sem_seg.data.unique().tolist() == [2]
    assert sample.gt_part.data.unique().tolist() == [1]
    assert sample.gt_part.data.dtype == torch.int64


@pytest.mark.parametrize('content', [b'', b'no image', None])
def test_unreadable_image_is_named(tmp_path, content):
    path = tmp_path / 'a.jpg'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r'a\.jpg'):
        run({'type': 'LoadWeakLabelImage'}, img_path=str(path))


def test_mask_is_optional(tmp_path):
    config = {'type': 'LoadMaskIfPresent'}
    path = tmp_path / 'a.png'
    rest = {'seg_map_path': str(path)}
    assert 'gt_seg_map' not in run(config, **rest)
    image = Image.fromarray(np.array([[0, 20], [255, 3]], np.uint8), 'P')
    image.putpalette(list(range(256)) * 3)
    image.save(path)
    got = run(config, **rest)['gt_seg_map']
    assert got.tolist() == [[0, 20], [255, 3]]


@pytest.mark.parametrize('shape', [(23, 37), (1, 41), (61, 40)])
@pytest.mark.parametrize(
    'options', [{'scale_factor': 0.5}, {'scale': (30, 28)}]
)
def test_resizing_is_mmcvs_where_a_pixel_is_left(shape, options):
    image = photo(*shape)
    ours, mmcvs = (
        run({'type': kind, 'keep_ratio': True, **options}, img=image.copy())
        for kind in ('ResizeNonEmpty', 'mmcv.Resize')
    )
    np.testing.assert_array_equal(ours['img'], mmcvs['img'])
    assert ours['scale_factor'] == mmcvs['scale_factor']


@pytest.mark.parametrize(
    'options', [{'scale_factor': 0.25}, {'scale': (30, 9)}]
)
def test_resizing_leaves_a_row(options):
    config = {'type': 'ResizeNonEmpty', 'keep_ratio': True, **options}
    image = photo(1, 120)
    assert run(config, img=image)['img'].shape == (1, 30, 3)
