"""The state of the random-number generators, as plain tensors and numbers."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def get_random_state() -> dict:
    """State of Python's, numpy's and torch's generators of this process.

    Returns:
        dict: Tensors and numbers only, so that ``weights_only`` loads it;
        with ``cuda``, the current device's, where CUDA is in use.
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
    """Go on from a state of :func:`get_random_state`.

    Args:
        state (dict): The state. One with ``cuda`` where there is no CUDA
            sets the others.
    """
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
    """Draw from streams of one's own, and leave the process's untouched.

    Python's, numpy's and torch's CPU generators are seeded.

    Args:
        *key (int): Non-negative numbers that name the streams.

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
