"""Row 23 of the table of faults: CAMs that are empty or not finite."""

import json

import numpy as np
import pytest
import torch
from known_classifier import Known, maps
from mmengine.runner import Runner
from runner_configs import tiny_config

from model_configs import NUM_CLASSES, branch
from projects.amr.engine.hooks.cam_status import CAMStatus
from projects.amr.errors import EmptyCAMError
from projects.amr.models import MultiScaleCAM
from projects.amr.ops.cam import normalize_cam
from projects.amr.structures import CAMRecord

ALL = torch.ones(NUM_CLASSES)


def test_fault23_maps_that_are_not_finite_give_no_nan():
    cam = maps(1.0, float('nan'), float('inf'), -1.0)[0]
    cam[3] = -1
    got = normalize_cam(cam)
    assert got.isfinite().all()
    assert got.amax((1, 2)).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize('bad', ['nan', 'inf', '-inf', 'empty'])
def test_fault23_the_class_is_dropped_and_the_others_stay(bad):
    cam = maps(1.0, 1.0, 2.0)
    cam[0, 1] = -1 if bad == 'empty' else cam[0, 1]
    if bad != 'empty':
        cam[0, 1, 2, 2] = float(bad)
    method = MultiScaleCAM(flip=False, output_stride=1)
    model = Known(one=cam)
    (got,) = method(model, [torch.zeros(3, 4, 4)], [ALL])
    if bad == '-inf':  # rectified, it is 0
        assert got.dropped == ()
        return
    assert got.classes.tolist() == [0, 2]
    assert got.dropped == (1,)
    assert got.cams['mean'].shape == (2, 4, 4)
    assert got.cams['mean'].isfinite().all()
    assert got.scores.isfinite().all()


def test_fault23_one_empty_branch_keeps_the_class_a_nan_drops_it():
    method = MultiScaleCAM(flip=False, output_stride=1)
    image = torch.zeros(3, 4, 4)
    sound, empty = maps(1.0, 1.0), maps(1.0, 1.0)
    empty[0, 1] = -1
    (got,) = method(Known(one=sound, two=empty), [image], [torch.ones(2)])
    assert got.dropped == ()
    assert got.cams['mean'][1].max() == 0.5
    empty[0, 1] = float('nan')
    (got,) = method(Known(one=sound, two=empty), [image], [torch.ones(2)])
    assert got.dropped == (1,)


def test_fault23_status_of_a_record(tmp_path):
    cam = np.ones((1, 2, 2))
    record = CAMRecord([3], cam, (8, 8), dropped=[1, 4])
    loaded = CAMRecord.load(record.save(tmp_path / 'a.npz'))
    assert loaded.dropped.tolist() == [1, 4]
    assert loaded.status == 'empty_cam'
    assert CAMRecord([3], cam, (8, 8)).status == 'ok'
    nothing = CAMRecord([], np.ones((0, 2, 2)), (8, 8))
    assert nothing.status == 'no_label'
    with pytest.raises(ValueError, match='must not be among'):
        CAMRecord([3], cam, (8, 8), dropped=[3])


def test_fault23_the_share_decides(toy_root, tmp_path):
    """One of four classes has NaN weights: told, then refused."""

    def run(name, max_empty):
        cfg = tiny_config(toy_root, tmp_path / 'work', branch())
        cfg.experiment_name = name
        cfg.default_hooks.cam_writer.update(
            out_dir=str(tmp_path / 'cams'), max_empty=max_empty
        )
        runner = Runner.from_cfg(cfg)
        runner.model.init_weights()
        torch.nn.init.constant_(runner.model.head.classifier.weight, 1.0)
        runner.model.head.classifier.weight.data[1] = float('nan')
        return runner.test()

    run(f'{tmp_path.name}_a', 1.0)
    records = {
        path.stem: CAMRecord.load(path)
        for path in (tmp_path / 'cams').glob('*.npz')
    }
    empty = {k for k, r in records.items() if r.status == 'empty_cam'}
    assert 0 < len(empty) < len(records)
    assert all(1 not in record.classes for record in records.values())
    status = json.loads((tmp_path / 'cams/status.json').read_text())
    assert status['empty_cam'] == len(empty)
    assert status['ok'] == len(records) - len(empty)
    assert set(status['classes_without_cam']) == empty
    # On a rerun the records are kept, and count all the same.
    with pytest.raises(EmptyCAMError, match='max_empty') as error:
        run(f'{tmp_path.name}_b', 0.05)
    assert error.value.exit_code == 3
    assert any(image_id in str(error.value) for image_id in empty)


def test_fault23_the_limit_is_a_share_of_labelled_images():
    status = CAMStatus()
    for number in range(19):
        status.add(str(number), [0], [])
    status.add('x', [], [2])
    status.add('y', [], [])
    status.require(0.05, status.labelled)
    with pytest.raises(EmptyCAMError, match='1 of 20'):
        status.require(0.04, status.labelled)
    joined = CAMStatus.joined([status, CAMStatus(ok=1)])
    assert (joined.labelled, joined.no_label) == (21, ['y'])
