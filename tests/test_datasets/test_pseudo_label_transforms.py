"""Transforms between CAM records, boundary maps and labels."""

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmseg.registry import TRANSFORMS
from PIL import Image

from projects.amr.datasets.transforms import pseudo_label
from projects.amr.errors import DataError
from projects.amr.ops.cam import cam_to_label, resize_cam
from projects.amr.ops.label_crf import refine_class_labels
from projects.amr.ops.pseudo_label import walk_to_scores
from projects.amr.ops.seeds import affinity_seed, confident_seed
from projects.amr.structures import CAMRecord, save_boundary_map

SIZE = (23, 37)


def build(kind, **config):
    return TRANSFORMS.build({'type': kind, **config})


def make_image():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 40, (*SIZE, 3)).astype(np.uint8)
    image[5:15, 10:22] += np.array([40, 90, 150], np.uint8)
    return image


@pytest.fixture
def folder(tmp_path):
    """One image, its CAM record and its boundary map."""
    rng = np.random.default_rng(1)
    cam = 0.4 * rng.random((2, 6, 10))
    cam[0, 1:4, 2:6] += 0.6
    record = CAMRecord(
        [1, 3], cam, SIZE, {'spotlight': cam**2}, np.zeros(5), 'cam key'
    )
    record.save(tmp_path / 'a.npz')
    (tmp_path / 'b').mkdir()
    save_boundary_map(tmp_path / 'b/a.npz', rng.random((6, 10)) ** 3, 'key')
    Image.fromarray(make_image()).save(tmp_path / 'a.png')
    return tmp_path


def results(folder, **changes):
    label = np.array([0, 1, 0, 1, 0], np.float32)
    image = np.ascontiguousarray(make_image()[..., ::-1])
    return {
        'img_id': 'a',
        'img_path': str(folder / 'a.png'),
        'img': image,
        'img_shape': SIZE,
        'ori_shape': SIZE,
        'img_label': label,
        **changes,
    }


def loaded(folder, **changes):
    steps = [
        {'type': 'LoadCAMRecord', 'cam_dir': str(folder)},
        {'type': 'LoadBoundaryMap', 'boundary_dir': str(folder / 'b')},
    ]
    return Compose([TRANSFORMS.build(s) for s in steps])(
        results(folder, **changes)
    )


class TestLoadCAMRecord:
    def load(self, folder, **changes):
        transform = build('LoadCAMRecord', cam_dir=str(folder))
        return transform(results(folder, **changes))

    def test_keys(self, folder):
        out = self.load(folder)
        record = CAMRecord.load(folder / 'a.npz')
        np.testing.assert_array_equal(out['cam'], record.cam)
        assert out['cam_classes'].tolist() == [1, 3]
        assert out['cam_size'] == SIZE
        assert out['cam_key'] == 'cam key'

    @pytest.mark.parametrize(
        ('changes', 'words'),
        [
            ({'img_id': 'gone'}, r'gone\.npz.*tools/test\.py'),
            ({'img_shape': (23, 36)}, r'\(23, 37\).*\(23, 36\)'),
            ({'img_label': np.ones(3, np.float32)}, r'\[3\].*3 classes'),
            ({'img_label': np.array([0, 1, 0, 0.0])}, r'\[3\].*label source'),
        ],
    )
    def test_wrong_record_is_named(self, folder, changes, words):
        with pytest.raises(DataError, match=words):
            self.load(folder, **changes)

    def test_damaged_record_is_named(self, folder):
        (folder / 'a.npz').write_bytes(b'PK')
        with pytest.raises(DataError, match=r'a\.npz'):
            self.load(folder)

    def test_needs_neither_image_nor_label(self, folder):
        out = build('LoadCAMRecord', cam_dir=str(folder))({'img_id': 'a'})
        assert out['cam'].shape == (2, 6, 10)


def test_load_boundary_map(folder):
    transform = build('LoadBoundaryMap', boundary_dir=str(folder / 'b'))
    out = transform({'img_id': 'a'})
    assert out['boundary'].shape == (6, 10)
    assert out['boundary_key'] == 'key'
    with pytest.raises(DataError, match=r'gone\.npz'):
        transform({'img_id': 'gone'})


class TestGenerateSeed:
    @pytest.mark.parametrize(
        ('config', 'recipe', 'params'),
        [
            ({}, confident_seed, {}),
            ({'bg_thr': 0.4}, confident_seed, {'bg_thr': 0.4}),
            ({'recipe': 'affinitynet'}, affinity_seed, {}),
            (
                {'recipe': 'affinitynet', 'crf': None},
                affinity_seed,
                {'crf': None},
            ),
        ],
    )
    def test_is_the_recipe_on_rgb(self, folder, config, recipe, params):
        out = build('GenerateSeed', **config)(loaded(folder))
        cam = resize_cam(torch.from_numpy(out['cam']), SIZE).numpy()
        expected = recipe(make_image(), cam, [1, 3], **params)
        np.testing.assert_array_equal(out['gt_seg_map'], expected)
        assert set(np.unique(expected)) <= {0, 2, 4, 255}
        assert out['seg_fields'] == ['gt_seg_map']

    @pytest.mark.parametrize('recipe', ['irn', 'affinitynet'])
    @pytest.mark.parametrize('kept', [[1], []])
    def test_nothing_is_surely_background_where_a_class_has_no_map(
        self, folder, recipe, kept
    ):
        record = CAMRecord.load(folder / 'a.npz')
        cam = np.where(record.cam > 0.5, record.cam, 0)[: len(kept)]
        CAMRecord(kept, cam, SIZE, dropped=[3]).save(folder / 'a.npz')
        item = loaded(folder)
        seed = build('GenerateSeed', recipe=recipe)(dict(item))['gt_seg_map']
        item['cam_dropped'] = np.array([], np.int64)
        usual = build('GenerateSeed', recipe=recipe)(item)['gt_seg_map']
        assert (usual == 0).any()
        np.testing.assert_array_equal(seed, np.where(usual == 0, 255, usual))

    def test_mirrored_or_resized_image_is_refused(self, folder):
        transform = build('GenerateSeed')
        with pytest.raises(ValueError, match='move this'):
            transform({**loaded(folder), 'flip': True})
        with pytest.raises(ValueError, match='move this'):
            transform({**loaded(folder), 'img': make_image()[1:]})

    @pytest.mark.parametrize(
        ('config', 'error'),
        [
            ({'recipe': 'x'}, ValueError),
            ({'fg_thr': 2}, ValueError),
            ({'crf': 'x'}, ValueError),
            ({'alpha_low': 4}, TypeError),
        ],
    )
    def test_bad_settings_are_refused_when_built(self, config, error):
        with pytest.raises(error):
            build('GenerateSeed', **config)


class TestRandomWalkPseudoLabel:
    def test_is_the_shared_function_and_a_threshold(self, folder):
        walk = {
            'radius': 3,
            'beta': 4.0,
            'exp_times': 3,
            'cam_power': 1.5,
        }
        out = build('RandomWalkPseudoLabel', bg_thr=0.4, **walk)(
            loaded(folder)
        )
        cam, boundary = (torch.from_numpy(out[k]) for k in ('cam', 'boundary'))
        scores = walk_to_scores(cam, boundary, SIZE, **walk)
        expected = cam_to_label(scores, torch.tensor([1, 3]), SIZE, 0.4)
        np.testing.assert_array_equal(out['gt_seg_map'], expected)
        assert out['gt_seg_map'].dtype == np.uint8
        assert len(np.unique(expected)) > 1

    def test_crf_takes_its_parameters(self, folder):
        params = {'kernels': 'irn', 'gt_prob': 0.6}
        plain = build('RandomWalkPseudoLabel')(loaded(folder))['gt_seg_map']
        for given in ({}, params):
            out = build(
                'RandomWalkPseudoLabel', crf='dense', crf_params=given
            )(loaded(folder))
            expected = refine_class_labels(
                make_image(), plain, 'dense', np.array([1, 3]), **given
            )
            np.testing.assert_array_equal(out['gt_seg_map'], expected)

    def test_image_without_class_is_background(self, folder):
        CAMRecord([], np.zeros((0, 6, 10)), SIZE).save(folder / 'a.npz')
        for crf in (None, 'dense', 'par'):
            data = loaded(folder, img_label=np.zeros(5, np.float32))
            out = build('RandomWalkPseudoLabel', crf=crf)(data)
            assert out['gt_seg_map'].shape == SIZE
            assert not out['gt_seg_map'].any()

    @pytest.mark.parametrize(
        'changes',
        [
            {'bg_thr': 1.5},
            {'radius': 0},
            {'beta': 0.0},
            {'exp_times': -1},
            {'solver': 'x'},
            {'crf': 'x'},
            {'cam_power': 0},
            {'enlarge_by': 0},
            {'crf_params': {'kernels': 'x'}},
            {'crf_params': {'gt_prob': 1.0}},
        ],
    )
    def test_bad_settings_are_refused_when_built(self, changes, monkeypatch):
        def refused(*args, **kwargs):
            raise AssertionError('a constructor computes')

        for name in ('walk_to_scores', 'refine_class_labels'):
            monkeypatch.setattr(f'{pseudo_label.__name__}.{name}', refused)
        build('RandomWalkPseudoLabel')
        with pytest.raises(ValueError, match='`'):
            build('RandomWalkPseudoLabel', **changes)
        with pytest.raises(TypeError):
            build('RandomWalkPseudoLabel', crf_params={'gt': 0.9})


def test_on_line_in_a_training_pipeline(folder):
    """Label and image are mirrored and cut together afterwards."""
    pipeline = [
        {'type': 'LoadWeakLabelImage'},
        {'type': 'LoadCAMRecord', 'cam_dir': str(folder)},
        {'type': 'LoadBoundaryMap', 'boundary_dir': str(folder / 'b')},
        {'type': 'RandomWalkPseudoLabel'},
        {'type': 'RandomFlip', 'prob': 1.0},
        {'type': 'PackSegInputs'},
    ]
    start = {'img_id': 'a', 'img_path': str(folder / 'a.png')}
    out = Compose([TRANSFORMS.build(step) for step in pipeline])(start)
    label = out['data_samples'].gt_sem_seg.data[0].numpy()
    plain = build('RandomWalkPseudoLabel')(loaded(folder))['gt_seg_map']
    np.testing.assert_array_equal(label, plain[:, ::-1])
    np.testing.assert_array_equal(
        out['inputs'].permute(1, 2, 0).numpy()[..., ::-1],
        make_image()[:, ::-1],
    )


@pytest.mark.parametrize('classes', [[1, 3], []])
def test_packed_cam(folder, classes):
    if not classes:
        CAMRecord([], np.zeros((0, 6, 10)), SIZE).save(folder / 'a.npz')
    packed = build('PackAffinityInputs')(loaded(folder))
    sample = packed['data_samples']
    assert sample.gt_label.tolist() == [0, 1, 0, 1, 0]
    assert sample.img_id == 'a'
    cam = sample.cam_input
    assert cam.cam.shape == (len(classes), 6, 10)
    assert cam.cam.dtype == torch.float32
    assert cam.classes == classes
    assert cam.size == SIZE
    assert cam.key == ('cam key' if classes else '')
    assert sample.to('cpu').cam_input.cam.shape == cam.cam.shape
