import pytest
from cost_model import (
    STAGES,
    Machine,
    Workload,
    pipeline_hours,
    seconds_per_image,
)

WORK = Workload(1000, 300, 8, 3, 500, 10)
COSTS = {stage: {'data': 0.01, 'network': 0.5} for stage in STAGES}


def test_hours_by_hand():
    hours = pipeline_hours(COSTS, WORK, Machine())
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


def test_devices_share_the_images_and_trainings_lose_a_little():
    one = pipeline_hours(COSTS, WORK, Machine())
    for devices in (2, 8):
        many = pipeline_hours(COSTS, WORK, Machine(devices, efficiency=0.8))
        assert many['cams'] == pytest.approx(one['cams'] / devices)
        train = one['classifier_train'] / devices / 0.8
        assert many['classifier_train'] == pytest.approx(train)
        ideal = pipeline_hours(COSTS, WORK, Machine(devices, efficiency=1))
        assert ideal['affinity_train'] == pytest.approx(
            one['affinity_train'] / devices
        )
    # The last device has one image less; the first sets the time.
    odd = pipeline_hours(COSTS, Workload(7, 1, 1, 1, 1, 1), Machine(2))
    assert odd['cams'] == pytest.approx(4 * 0.5 / 3600)


@pytest.mark.parametrize(
    ('machine', 'expected'),
    [
        ({'loaders': 1}, 3.0),  # loading is what takes longest
        ({'loaders': 3}, 1.2),  # writing, in two threads
        ({'loaders': 3, 'writers': 1}, 2.4),
        ({'loaders': 3, 'writers': 9}, 1.1),  # the network, both parts
    ],
)
def test_the_slowest_of_what_runs_side_by_side_counts(machine, expected):
    parts = {'data': 3.0, 'forward': 1.0, 'walk': 0.1, 'write': 2.4}
    got = seconds_per_image('walk', parts, Machine(**machine))
    assert got == pytest.approx(expected)


def test_processes_of_a_pool_do_everything_in_turn():
    parts = {'data': 3.0, 'crf': 1.0, 'write': 2.0}
    assert seconds_per_image('seeds', parts, Machine(processes=3)) == 2.0


def test_same_epochs_on_another_dataset():
    other = WORK.scaled(82081, 40137)
    assert other.segmentor_iters == round(500 * 82.081)
    for stage, images in other.images().items():
        ratio = 40137 / 300 if stage == 'segmentor_test' else 82.081
        assert images == pytest.approx(WORK.images()[stage] * ratio, rel=1e-4)


def test_what_was_not_measured_is_left_out():
    hours = pipeline_hours({'walk': {'walk': 3.6}}, WORK, Machine())
    assert hours == {'walk': pytest.approx(1.0), 'total': pytest.approx(1.0)}
    with pytest.raises(ValueError, match='typo'):
        pipeline_hours({'typo': {}}, WORK, Machine())


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('devices', 0),
        ('loaders', -1),
        ('writers', 0),
        ('processes', 0),
        ('efficiency', 1.1),
        ('efficiency', 0),
    ],
)
def test_bad_machines_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        Machine(**{name: value})
