"""How tools/benchmarks/chaos.py draws and counts its kills: no process."""

import random
from collections import Counter
from typing import ClassVar

import chaos
import pytest

SECONDS = {'draw': 4.0, 'train': 40.0, 'seeds': 0.5, 'walk': 8.0}


class FakeChain:
    """A run in a time of its own: a stage takes what is left of it."""

    finished: ClassVar[list] = []
    clock: ClassVar[list] = []

    def __init__(self, *_):
        self.at = -1
        self.todo = [n for n in SECONDS if n not in self.finished]

    def next_stage(self):
        if self.at >= 0:
            self.finished.append(self.todo[self.at])
        self.at += 1
        return self.todo[self.at] if self.at < len(self.todo) else None

    def kill(self, stage):
        """Where the slept time leads: here, or in a later stage."""
        assert stage == self.todo[self.at]
        left = self.clock.pop()
        while left >= SECONDS[stage]:
            left -= SECONDS[stage]
            stage = self.next_stage()
            if stage is None:
                return 'walk', 0
        return stage, -9

    def wait(self):
        return 0


@pytest.fixture
def fake(monkeypatch):
    """Chains without processes; returns the list of slept times."""
    slept = []
    monkeypatch.setattr(FakeChain, 'finished', [])
    monkeypatch.setattr(FakeChain, 'clock', [])

    def sleep(seconds):
        slept.append(seconds)
        FakeChain.clock.append(seconds)

    monkeypatch.setattr(chaos, 'Chain', FakeChain)
    monkeypatch.setattr(chaos.time, 'sleep', sleep)
    return slept


def run(plan, rng=None):
    rng = rng or random.Random(0)
    return chaos.round_of_kills('c', 'f', SECONDS, plan, rng, False)


def test_stages_are_drawn_alike_however_short_they_are():
    plan = chaos.plan_kills(SECONDS, 4000, random.Random(3))
    assert plan.total() == 4000
    # 1000 each, with a standard deviation of 27.
    assert all(abs(plan[name] - 1000) < 140 for name in SECONDS)
    assert plan == chaos.plan_kills(SECONDS, 4000, random.Random(3))


def test_kills_hit_the_planned_stages_at_moments_within(fake):
    plan = Counter(seeds=3, draw=1, walk=2)
    assert run(plan) == plan
    assert plan == Counter(seeds=3, draw=1, walk=2)
    assert len(set(fake)) == 6
    spans = [SECONDS[n] for n in ('draw', *['seeds'] * 3, 'walk', 'walk')]
    assert all(0 <= t <= s for t, s in zip(fake, spans, strict=True))
    assert FakeChain.finished == list(SECONDS)


def test_a_round_without_kills_runs_through(fake):
    assert run(Counter()) == Counter()
    assert fake == []
    assert FakeChain.finished == list(SECONDS)


class Late(random.Random):
    """Draws moments after the stage's end."""

    def uniform(self, low, high):
        return high + 0.1


def test_a_kill_that_comes_late_counts_where_it_hits(fake):
    assert run(Counter(train=2), Late()) == Counter(seeds=1)
    FakeChain.finished.clear()
    assert run(Counter(walk=1), Late()).total() == 0


def test_a_failed_run_is_told(fake, monkeypatch):
    monkeypatch.setattr(FakeChain, 'wait', lambda self: 3)
    with pytest.raises(SystemExit, match='failed, see f'):
        run(Counter(draw=1))


def test_the_table_names_every_stage_and_those_never_hit():
    lines = chaos.stage_table(Counter(train=12, draw=1), SECONDS).splitlines()
    assert [line.split() for line in lines[1:-1]] == [
        ['draw', '1', '4.0'],
        ['train', '12', '40.0'],
        ['seeds', '0', '0.5'],
        ['walk', '0', '8.0'],
    ]
    assert lines[-1] == 'never hit: seeds, walk'
    full = chaos.stage_table(Counter(dict.fromkeys(SECONDS, 1)), SECONDS)
    assert full.endswith('never hit: none')
