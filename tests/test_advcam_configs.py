"""The AdvCAM configs change the CAM method and nothing else."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmseg.registry import TASK_UTILS

from projects.amr.models import AdvCAM

CONFIGS = Path(__file__).parents[1] / 'configs'
PARENTS = {
    'amr_r50_voc_advcam.py': 'amr_r50_voc.py',
    'cam_r50_voc_advcam.py': 'cam_r50_voc.py',
}


def load(name):
    return Config.fromfile(CONFIGS / name).to_dict()


@pytest.mark.parametrize('name', PARENTS)
def test_only_the_test_differs(name):
    parent, child = load(PARENTS[name]), load(name)
    assert {k for k in child if child[k] != parent.get(k)} - {
        'test_evaluator'
    } == {'model'}
    method = child['model'].pop('test_cfg')
    parent['model'].pop('test_cfg')
    assert child['model'] == parent['model']
    assert isinstance(TASK_UTILS.build(method['extractor']), AdvCAM)


@pytest.mark.parametrize('name', [*PARENTS, 'amr_r50_voc_release.py'])
def test_steps_are_the_published_ones(name):
    """27 steps, 13 at scale 0.5; the release counts passes, one more."""
    test_cfg = load(name)['model']['test_cfg']
    whole = TASK_UTILS.build(test_cfg)
    method = whole.extractor
    passes = 'release' in name
    steps = dict(zip(whole.scales, method.num_steps, strict=True))
    assert steps.pop(0.5) == 13 - passes
    assert set(steps.values()) == {27 - passes}
    assert method.step_size == 0.08
    assert whole.flip
    assert method.objective == {
        'ad_weight': 7.0,
        'ad_thr': 0.5,
        'reduction': 'positive',
        'rectify_logits': passes,
    }


def test_scales_and_thresholds_are_those_of_the_methods():
    own = load('cam_r50_voc_advcam.py')
    assert own['model']['test_cfg']['scales'] == (0.5, 1.0, 1.5, 2.0)
    assert own['test_evaluator'][0]['bg_thr'] == 0.15
    release = load('amr_r50_voc_release.py')
    assert release['model']['test_cfg']['scales'] == (
        *(0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0),
    )
    assert release['test_evaluator'][0]['bg_thr'] == 0.20
    assert release['model']['test_cfg']['max_batch'] == 1
