"""The benchmarks' own code, against closed forms; nothing is timed here."""

import json
import random
import sys
from argparse import Namespace
from pathlib import Path

import benchmark_cams
import benchmark_scales
import chaos
import device_checks
import gpu_check
import measuring
import pytest
import stage_cases
import stage_costs
import torch
import torch.nn.functional as F
from cost_model import STAGES, Machine, Workload, pipeline_hours
from mmengine.logging import MMLogger

from model_configs import amr, build
from projects.amr.models import MultiScaleCAM
from projects.amr.structures import CAMRecord, load_label_map
from projects.amr.workflow.pipeline.workspace import read_pipeline


def test_operations_of_a_network_forward_and_backward():
    weights = torch.randn(6, 5, requires_grad=True)
    inputs = torch.randn(3, 5, requires_grad=True)
    parts = {
        'data': lambda _: inputs @ weights.T,  # not counted
        'forward': lambda _: F.linear(inputs, weights).sum(),
        'backward': lambda loss: loss.backward(),
    }
    assert stage_costs.count(parts) == 3 * (2 * 3 * 5 * 6)


@pytest.fixture(autouse=True)
def _same_log_level():
    """The benchmarks silence the log; later tests read it."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture(scope='module')
def options(tmp_path_factory):
    folder = tmp_path_factory.mktemp('stages')
    stage_cases.make_data(folder, (64, 72), small=True)
    return Namespace(
        small=True, size=[64, 72], batch=2, device='cpu', data=str(folder)
    )


@pytest.mark.parametrize('stage', STAGES)
def test_every_stage_does_its_work(stage, options, monkeypatch):
    for name in ('SEED_DIR', 'LABEL_DIR', 'CAM_DIR'):
        monkeypatch.setenv(name, '')  # put back afterwards
    parts = stage_cases.make_case(stage, options)
    value, values = None, {}
    for name, part in parts.items():
        value = values[name] = part(value)
    if stage.endswith('_train'):
        assert values['forward'].isfinite()
        assert list(parts) == ['data', 'forward', 'backward']
        return
    assert (next(iter(parts)), list(parts)[-1]) == ('data', 'write')
    folder = Path(options.data)
    suffix = {'seeds': 'seed.png', 'walk': 'walk.png', 'cams': 'made.npz'}
    written = list(folder.glob(f'*.{suffix.get(stage, "made.png")}'))
    assert len(written) == 2
    for path in written:
        read = CAMRecord.load if stage == 'cams' else load_label_map
        assert read(path)


def test_the_straightforward_way_gives_the_same_maps():
    options = Namespace(width=4, device='cpu', images=3, classes=2)
    model = benchmark_cams.make_model(options)
    images, labels = benchmark_cams.make_images(45, options)
    scales = (0.5, 1.0, 1.75)
    released = benchmark_cams.released_way(model, images, labels, scales)
    ours = benchmark_cams.our_way(
        MultiScaleCAM(scales), model, images, labels, 3
    )
    assert released[0].shape == (2, 12, 12)
    assert benchmark_cams.largest_difference(ours, released) < 1e-3
    other = benchmark_cams.our_way(
        MultiScaleCAM(scales, flip=False), model, images, labels, 1
    )
    assert benchmark_cams.largest_difference(other, released) > 0.01


def test_hours_by_hand():
    work = Workload(1000, 300, 8, 3, 500, 10)
    costs = {stage: {'data': 0.01, 'network': 0.5} for stage in STAGES}
    hours = pipeline_hours(costs, work, Machine())
    assert list(hours) == [*STAGES, 'total']
    assert hours['classifier_train'] == pytest.approx(8000 * 0.5 / 3600)
    assert hours['cams'] == pytest.approx(1000 * 0.5 / 3600)
    assert hours['seeds'] == pytest.approx(1000 * 0.51 / 4 / 3600)
    assert hours['affinity_train'] == pytest.approx(3000 * 0.5 / 3600)
    assert hours['segmentor_train'] == pytest.approx(5000 * 0.5 / 3600)
    assert hours['segmentor_test'] == pytest.approx(300 * 0.5 / 3600)
    assert hours['total'] == pytest.approx(
        sum(hours[stage] for stage in STAGES)
    )


def test_an_estimate_follows_the_power_law():
    sizes = [10, 20, 40]
    seconds = [0.5 * size**3 for size in sizes]
    got = measuring.extrapolate(sizes, seconds, 100)
    assert got == pytest.approx(0.5 * 100**3)


SECONDS = {'draw': 4.0, 'train': 40.0, 'seeds': 0.5, 'walk': 8.0}


def test_the_chain_that_is_killed_is_the_demo_on_fewer_images(tmp_path):
    chain = read_pipeline(chaos.write_config(tmp_path), tmp_path / 'work')
    demo = read_pipeline(chaos.PIPELINE)
    assert [s.name for s in chain.stages] == [s.name for s in demo.stages]
    assert 'demo' in demo.stages[0].arguments
    assert 'tiny' in chain.stages[0].arguments


def test_stages_are_drawn_alike_however_short_they_are():
    plan = chaos.plan_kills(SECONDS, 4000, random.Random(3))
    assert plan.total() == 4000
    # 1000 each, with a standard deviation of 27.
    assert all(abs(plan[name] - 1000) < 140 for name in SECONDS)
    assert plan == chaos.plan_kills(SECONDS, 4000, random.Random(3))


def test_subsets_are_all_single_ones_growing_ones_and_all():
    found = benchmark_scales.subsets([0.5, 1.0, 1.5, 2.0])
    assert found == [
        (0.5,),
        (1.0,),
        (1.5,),
        (2.0,),
        (0.5, 1.0),
        (0.5, 1.0, 1.5),
        (1.0, 1.5, 2.0),
        (0.5, 1.5, 2.0),
        (0.5, 1.0, 2.0),
        (0.5, 1.0, 1.5, 2.0),
    ]
    assert benchmark_scales.passes((0.5, 2.0)) == 4.25


def test_maps_of_all_scales_are_those_of_the_whole_method():
    scales = [0.5, 1.0, 1.5]
    model = build(amr(test_cfg=dict(scales=scales, output_stride=2)))
    model.eval()
    images, labels = [torch.rand(3, 33, 47)], [torch.tensor([1.0, 0.0, 1.0])]
    (whole,) = model.cam_method(model, images, labels)
    method = benchmark_scales.SubsetCAM(model.cam_method, scales)
    (made,) = method(model, images, labels)
    assert made.classes.tolist() == whole.classes.tolist() == [0, 2]
    torch.testing.assert_close(
        made.cams['0.5+1+1.5'], whole.cams['weighted'], atol=1e-3, rtol=0
    )


def device_check(monkeypatch, out, *parts):
    options = ['--short', '--out', str(out), '--parts', *parts]
    monkeypatch.setattr(sys, 'argv', ['gpu_check.py', *options])
    with pytest.raises(SystemExit) as stop:
        gpu_check.main()
    return stop.value.code, json.loads(out.read_text())


def test_ops_and_steps_on_a_cpu(tmp_path, monkeypatch):
    out = tmp_path / 'check.json'
    code, found = device_check(monkeypatch, out, 'ops', 'steps')
    assert code == 0
    ops = {row['name'] for row in found['parts']['ops']['rows']}
    assert ops == set(device_checks.op_cases())
    steps = found['parts']['steps']['rows']
    assert len(steps) == 6
    assert all(row['ms'] > 0 for row in steps)
    assert out.with_suffix('.md').read_text().count('| True |') == 6 + len(ops)


def test_wrong_values_and_failures_are_results(tmp_path, monkeypatch):
    def wrong(options):
        return [dict(name='nan', error=float('nan'), bound=1.0)]

    def broken(options):
        raise RuntimeError('no kernel')

    monkeypatch.setitem(device_checks.CHECKS, 'ops', wrong)
    monkeypatch.setitem(device_checks.CHECKS, 'cams', broken)
    monkeypatch.setattr(gpu_check.measuring, 'isolated', lambda f, *a: f(*a))
    code, found = device_check(monkeypatch, tmp_path / 'c.json', 'ops', 'cams')
    assert code == 1
    assert not found['parts']['ops']['passed']
    assert 'no kernel' in found['parts']['cams']['failure']


def test_a_script_that_takes_too_long_is_stopped(tmp_path):
    script = tmp_path / 'slow.py'
    script.write_text('import time; time.sleep(60)')
    assert gpu_check.call([str(script)], 0.5)
    script.write_text('raise SystemExit(3)')
    assert gpu_check.call([str(script)], 60) is not None
    script.write_text('print("fine")')
    assert gpu_check.call([str(script)], 60) is None
