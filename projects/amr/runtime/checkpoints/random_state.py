"""Random numbers that an interrupted training repeats exactly.

The state of the generators is saved as plain tensors and numbers. mmengine's
workers draw from streams that begin with the worker, so a resumed run cannot
continue them. Here each sample has streams of its own, named by the run's
seed, the pass over the data and the image: neither worker count nor
interruption changes what an image looks like.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler
from torch.utils.data import DataLoader


def get_random_state() -> dict:
    """State of Python's, numpy's and torch's generators, CUDA's if in use.

    Tensors and numbers only, so that ``weights_only`` loads it.
    """
    version, words, gauss = random.getstate()
    _, keys, position, has_gauss, cached = np.random.get_state()
    state = {
        'python': [version, torch.tensor(words), gauss],
        'numpy': [
            torch.from_numpy(keys.astype(np.int64)),
            int(position),
            int(has_gauss),
            float(cached),
        ],
        'torch': torch.get_rng_state(),
    }
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state['cuda'] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: dict) -> None:
    """Restore a state of :func:`get_random_state`; ``cuda`` if possible."""
    version, words, gauss = state['python']
    random.setstate((version, tuple(words.tolist()), gauss))
    keys, position, has_gauss, cached = state['numpy']
    keys = keys.cpu().numpy().astype(np.uint32)
    np.random.set_state(('MT19937', keys, position, has_gauss, cached))
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())


@contextmanager
def seeded(*key: int) -> Iterator[None]:
    """Draw from separate streams; the process's own stay untouched.

    Python's, numpy's and torch's CPU generators are seeded by the numbers that
    name the streams.

    Example:
        >>> with seeded(0, 7):
        ...     first = random.random()
        >>> with seeded(0, 7):
        ...     first == random.random()
        True
    """
    outer = random.getstate(), np.random.get_state(), torch.get_rng_state()
    seeds = np.random.SeedSequence(key).generate_state(3).tolist()
    random.seed(seeds[0])
    np.random.seed(seeds[1])
    torch.default_generator.manual_seed(seeds[2])
    try:
        yield
    finally:
        random.setstate(outer[0])
        np.random.set_state(outer[1])
        torch.set_rng_state(outer[2])


class SampleIndex(int):
    """An index into a dataset, with the number of the pass as ``turn``."""

    def __new__(cls, value: int, turn: int = 0):
        """Make an integer with an attribute."""
        index = super().__new__(cls, value)
        index.turn = turn
        return index


class TurnSampler:
    """A sampler's indices with the number of the pass, after a first part."""

    def __init__(self, sampler):
        self.sampler = sampler
        self.skipped = 0

    def skip_once(self, count: int) -> None:
        """Skip this rank's first ``count`` indices of the next pass.

        An infinite sampler is advanced by the training loop; there, this
        only counts them.
        """
        self.skipped = count

    def __iter__(self) -> Iterator[SampleIndex]:
        """Go through the sampler's indices."""
        skipped, self.skipped = self.skipped, 0
        sampler = self.sampler
        if isinstance(sampler, InfiniteSampler):
            for count, index in enumerate(sampler, skipped):
                place = count * sampler.world_size + sampler.rank
                yield SampleIndex(index, place // sampler.size)
        else:
            turn = getattr(sampler, 'epoch', 0)
            for index in islice(iter(sampler), skipped, None):
                yield SampleIndex(index, turn)

    def __len__(self) -> int:
        return len(self.sampler)

    def __getattr__(self, name: str):
        if name.startswith('__') or name == 'sampler':
            raise AttributeError(name)
        return getattr(self.sampler, name)


class SeededPipeline:
    """A dataset's transforms, drawing from the sample's own streams."""

    def __init__(self, pipeline, seed: int):
        self.pipeline = pipeline
        self.seed = seed

    def __call__(self, results: dict):
        """Transform a sample."""
        index = results.get('sample_idx')
        if not isinstance(index, SampleIndex):
            return self.pipeline(results)
        results['sample_idx'] = int(index)
        with seeded(self.seed, index.turn, int(index)):
            return self.pipeline(results)

    def __getattr__(self, name: str):
        if name.startswith('__') or name == 'pipeline':
            raise AttributeError(name)
        return getattr(self.pipeline, name)


def seed_samples(loader: DataLoader, seed: int) -> TurnSampler | None:
    """Give each sample of a data loader its own streams, in place.

    Before its workers start. Returns the sampler in use, or None where dataset
    (without ``pipeline``) or batch sampler have another structure and nothing
    was changed.
    """
    batches = getattr(loader, 'batch_sampler', None)
    pipeline = getattr(loader.dataset, 'pipeline', None)
    if pipeline is None or not hasattr(batches, 'sampler'):
        return None
    if isinstance(pipeline, SeededPipeline):
        pipeline = pipeline.pipeline
    loader.dataset.pipeline = SeededPipeline(pipeline, seed)
    if not isinstance(batches.sampler, TurnSampler):
        batches.sampler = TurnSampler(batches.sampler)
    return batches.sampler
