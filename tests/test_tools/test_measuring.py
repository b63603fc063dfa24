"""What the benchmarks compare, from made-up measurements."""

import json
from argparse import Namespace

import measuring
import pytest


def made_up(way, size, options):
    """Pixels, or their square, in seconds; twice that on the CPU."""
    power, memory = {'released': (2, 8.0), 'ours': (1, 2.0)}[way]
    seconds = (size * size / 100) ** power
    return {
        'seconds': seconds,
        'cpu_seconds': 2 * seconds + 1,
        'peak_mib': memory * size,
    }


@pytest.mark.parametrize('device', ['cpu', 'cuda'])
def test_each_way_stands_beside_the_first(
    monkeypatch, tmp_path, capsys, device
):
    monkeypatch.setattr(measuring, 'isolated', lambda call, *a: call(*a))
    monkeypatch.setattr(measuring, 'circumstances', lambda options: {})
    out = tmp_path / 'out.json'
    options = Namespace(device=device, sizes=[20, 30], out=out, rounds=1)
    measuring.compare(made_up, ('released', 'ours'), options)
    result = json.loads(out.read_text())
    rows = result['rows']
    assert [(row['way'], row['size']) for row in rows] == [
        ('released', 20),
        ('ours', 20),
        ('released', 30),
        ('ours', 30),
    ]
    # 4 s against 16 s, 9 s against 81 s.
    ratios = {'cuda': (4, 9), 'cpu': (33 / 9, 163 / 19)}[device]
    assert [rows[1]['speed_up'], rows[3]['speed_up']] == pytest.approx(ratios)
    for row in rows:
        alone = row['way'] == 'released'
        assert row['memory_share'] == (1 if alone else 0.25)
        assert row['pixels'] == row['size'] ** 2
        assert alone is (row['speed_up'] == 1)
    assert result['exponents'] == pytest.approx({'released': 2, 'ours': 1})
    assert '20 released' in capsys.readouterr().out


def test_rounds_alternate_and_a_slow_one_leaves_the_ratio(
    monkeypatch, tmp_path
):
    calls = []
    # The machine slows down by half after the second of three rounds, and
    # something disturbs our way in the first.
    slow = {'released': [1, 1, 2], 'ours': [5, 1, 2]}

    def drifting(way, size, options):
        factor = slow[way][calls.count(way)]
        calls.append(way)
        seconds = factor * {'released': 6.0, 'ours': 2.0}[way]
        return {'seconds': seconds, 'cpu_seconds': seconds, 'peak_mib': 1.0}

    monkeypatch.setattr(measuring, 'isolated', lambda call, *a: call(*a))
    monkeypatch.setattr(measuring, 'circumstances', lambda options: {})
    out = tmp_path / 'out.json'
    options = Namespace(device='cpu', sizes=[20], out=out, rounds=3)
    measuring.compare(drifting, ('released', 'ours'), options)
    assert calls == ['released', 'ours'] * 3
    released, ours = json.loads(out.read_text())['rows']
    assert (released['cpu_seconds'], ours['cpu_seconds']) == (6, 2)
    assert (released['speed_up'], ours['speed_up']) == (1, 3)


def test_an_estimate_follows_the_power_law():
    sizes = [10, 20, 40]
    seconds = [0.5 * size**3 for size in sizes]
    got = measuring.extrapolate(sizes, seconds, 100)
    assert got == pytest.approx(0.5 * 100**3)
