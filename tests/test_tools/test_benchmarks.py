"""The benchmarks' own code, against closed forms; nothing is timed here."""

import random
from argparse import Namespace
from pathlib import Path

import benchmark_cams
import chaos
import machine_floor
import measuring
import numpy as np
import pytest
import stage_cases
import torch
import torch.nn.functional as F
from cost_model import STAGES, Machine, Workload, pipeline_hours
from mmengine.logging import MMLogger
from work_counter import PRODUCTS, Work, counting

from projects.amr.models import MultiScaleCAM
from projects.amr.ops.permutohedral import PermutohedralLattice
from projects.amr.structures import CAMRecord, load_label_map


def test_a_convolution_and_what_follows_it():
    images, weights = torch.randn(2, 3, 7, 5), torch.randn(4, 3, 3, 3)
    with torch.no_grad(), counting() as works:
        maps = F.conv2d(images, weights, padding=1)
        maps.relu()
        maps.flatten(1)[:, 3:].detach()  # looks only
        torch.empty(50)
    out = 2 * 4 * 7 * 5
    moved = 4 * (images.numel() + weights.numel() + out)
    assert works == [
        Work(PRODUCTS, 2 * out * 3 * 3 * 3, moved),
        Work('elementwise', 0, 4 * 2 * out),
    ]


def test_backward_passes_are_counted():
    weights = torch.randn(6, 5, requires_grad=True)
    inputs = torch.randn(3, 5, requires_grad=True)
    with counting() as works:
        total = F.linear(inputs, weights).sum()
    forward = sum(w.flops for w in works)
    with counting() as works:
        total.backward()
    assert forward == 2 * 3 * 5 * 6
    assert sum(w.flops for w in works) == 2 * forward


def test_a_lattice_filter_is_its_sparse_products():
    points = np.random.default_rng(0).normal(size=(40, 2))
    plain = PermutohedralLattice.filter
    lattice = PermutohedralLattice(points)
    values = np.ones((40, 5), np.float32)
    with counting() as works:
        filtered = lattice.filter(values)
    assert PermutohedralLattice.filter is plain
    np.testing.assert_array_equal(filtered, lattice.filter(values))
    assert len(works) == 1 + 3 + 1  # splat, an axis each, slice
    assert {w.kind for w in works} == {PRODUCTS}
    assert works[0].flops == works[-1].flops == 2 * 5 * 40 * 3
    blurred = sum(matrix.nnz for matrix in lattice._blurs)
    assert sum(w.flops for w in works[1:-1]) == 2 * 5 * blurred


@pytest.mark.parametrize(
    ('work', 'seconds'),
    [
        (Work(PRODUCTS, 500, 10), 5.0),  # bound by computing
        (Work(PRODUCTS, 500, 10, True), 2.5),
        (Work(PRODUCTS, 1, 400), 20.0),  # bound by moving
        (Work('norms', 0, 8), 0.1),  # as fast as a larger copy
        (Work('norms', 0, 100), 1.25),
        (Work('norms', 0, 5000), 250.0),  # beyond what was measured
    ],
)
def test_floor_of_one_operation(work, seconds):
    assert machine_floor.Rates(
        100.0, 200.0, {10: 50.0, 100: 80.0, 1000: 20.0}
    ).seconds(work) == pytest.approx(seconds)


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


def test_stages_are_drawn_alike_however_short_they_are():
    plan = chaos.plan_kills(SECONDS, 4000, random.Random(3))
    assert plan.total() == 4000
    # 1000 each, with a standard deviation of 27.
    assert all(abs(plan[name] - 1000) < 140 for name in SECONDS)
    assert plan == chaos.plan_kills(SECONDS, 4000, random.Random(3))
