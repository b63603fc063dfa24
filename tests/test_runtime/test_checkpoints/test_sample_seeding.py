"""Streams of random numbers by sample, and their states."""

import random

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from torch.utils.data import DataLoader, Dataset

from projects.amr.runtime.checkpoints.random_state import (
    TurnSampler,
    get_random_state,
    seed_samples,
    seeded,
    set_random_state,
)


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


def draw_all(_):
    return np.array(draw())


class Drawing(Dataset):
    """As mmengine's datasets: an index goes through a pipeline."""

    def __init__(self):
        self.pipeline = draw_all

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return self.pipeline({'sample_idx': index})


def test_state_round_trip_holds_plain_values_only(tmp_path):
    random.gauss(0, 1)  # leaves a second number behind
    np.random.randn()
    state = get_random_state()
    torch.save(state, tmp_path / 'a.pth')
    first = (*draw(), random.gauss(0, 1), np.random.randn())
    draw()
    set_random_state(torch.load(tmp_path / 'a.pth', weights_only=True))
    assert (*draw(), random.gauss(0, 1), np.random.randn()) == first


def test_seeded_streams_differ_by_each_part_of_their_name():
    found = []
    outside = get_random_state()
    for key in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)):
        with seeded(*key):
            found.append(draw())
    assert found[0] == found[4]
    assert len(set(found)) == 4
    after = draw()
    set_random_state(outside)
    assert after == draw()


@pytest.mark.parametrize('shuffle', [False, True])
def test_turns_of_an_infinite_sampler_are_passes_over_the_data(shuffle):
    ranks = []
    for rank in range(2):
        sampler = InfiniteSampler(Drawing(), shuffle=shuffle, seed=3)
        sampler.rank, sampler.world_size = rank, 2
        ranks.append(iter(TurnSampler(sampler)))
    found = [next(ranks[k % 2]) for k in range(15)]
    for turn in range(3):
        once = found[5 * turn : 5 * turn + 5]
        assert sorted(once) == [0, 1, 2, 3, 4]
        assert {index.turn for index in once} == {turn}


def test_skipping_goes_on_where_a_run_ended():
    def indices(skipped):
        sampler = InfiniteSampler(Drawing(), seed=3)
        sampler.indices = sampler._indices_of_rank()
        for _ in range(skipped):
            next(sampler.indices)
        turns = TurnSampler(sampler)
        turns.skip_once(skipped)
        stream = iter(turns)
        return [(int(i), i.turn) for i in (next(stream) for _ in range(9))]

    assert indices(0)[7:] == indices(7)[:2]
    sampler = DefaultSampler(Drawing(), seed=3)
    turns = TurnSampler(sampler)
    turns.set_epoch(4)
    whole = [(int(i), i.turn) for i in turns]
    assert {turn for _, turn in whole} == {4}
    turns.skip_once(2)
    assert [(int(i), i.turn) for i in turns] == whole[2:]
    assert [(int(i), i.turn) for i in turns] == whole  # once only
    assert len(turns) == 5


def samples(seed=0, workers=0, batch_size=2, epoch=0):
    loader = DataLoader(
        Drawing(),
        batch_size,
        sampler=DefaultSampler(Drawing(), shuffle=False),
        num_workers=workers,
    )
    seed_samples(loader, seed).set_epoch(epoch)
    return torch.cat(list(loader))


def test_samples_depend_on_seed_pass_and_image_only():
    first = samples()
    assert len(torch.unique(first)) == first.numel()
    assert torch.equal(first, samples())
    assert torch.equal(first, samples(workers=2))
    assert torch.equal(first, samples(batch_size=3))
    assert not (first == samples(seed=1)).any()
    assert not (first == samples(epoch=1)).any()
