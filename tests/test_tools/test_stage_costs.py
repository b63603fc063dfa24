"""The benchmarks' own code, at toy size; nothing is timed here."""

from argparse import Namespace
from pathlib import Path

import benchmark_cams
import pytest
import stage_cases
import stage_costs
from cost_model import STAGES, Workload
from mmengine.logging import MMLogger

from projects.amr.models import MultiScaleCAM
from projects.amr.structures import CAMRecord, load_label_map

ROOT = Path(__file__).parents[2]
COSTS = {
    'cams': {'parts': {'data': 0.01, 'network': 0.03}, 'peak_mib': 55.4},
    'seeds': {'parts': {'crf': 0.4}, 'peak_mib': 16.0},
}


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


def test_the_work_is_that_of_our_voc_configs():
    assert stage_costs.workload(ROOT) == Workload(10582, 1449, 8, 3, 20000, 10)


def test_tables_say_what_was_measured():
    table = stage_costs.cost_table(COSTS).splitlines()
    assert table[2] == '| cams | 40.0 | data 25 %, network 75 % | 55 |'
    work = Workload(9000, 10, 1, 1, 1, 1)
    hours = stage_costs.all_hours(COSTS, work)
    assert list(hours)[:3] == [
        'VOC, 1 device',
        'VOC, 2 devices',
        'VOC, 8 devices',
    ]
    assert hours['VOC, 1 device']['cams'] == pytest.approx(0.075)
    assert '| VOC, 1 device | 0.075 | 0.25 | 0.325 |' in (
        stage_costs.hours_table(hours)
    )


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
