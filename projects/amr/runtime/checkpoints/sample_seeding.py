"""Augmentations that depend on image and pass, not on what came before.

mmengine's workers draw from streams that begin with the worker, so a resumed
run cannot continue them; workers that are not persistent repeat the same
streams in each epoch. Here each sample has streams of its own, named by the
run's seed, the number of the pass over the data and the image. So neither
worker count nor interruption changes what an image looks like.
"""

from collections.abc import Iterator
from itertools import islice

from mmengine.dataset import InfiniteSampler
from torch.utils.data import DataLoader

from projects.amr.runtime.checkpoints.random_state import seeded


class SampleIndex(int):
    """An index into a dataset that knows the pass it belongs to.

    Args:
        value (int): The index.
        turn (int): Number of the pass, from 0. Defaults to 0.
    """

    def __new__(cls, value: int, turn: int = 0):
        """Make an integer with an attribute ``turn``."""
        index = super().__new__(cls, value)
        index.turn = turn
        return index


class TurnSampler:
    """A sampler's indices with the number of the pass, from some place on.

    Args:
        sampler (Sampler): mmengine's ``DefaultSampler`` or
            ``InfiniteSampler``, or one like them.
    """

    def __init__(self, sampler):
        self.sampler = sampler
        self.skipped = 0

    def skip_once(self, count: int) -> None:
        """Leave out the first indices of the next pass.

        An infinite sampler is advanced by the training loop; there, this
        only counts them.

        Args:
            count (int): Indices of this rank that were used before.
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
    """A dataset's transforms, drawing from the sample's own streams.

    Args:
        pipeline (Callable): The transforms.
        seed (int): Seed of the run.
    """

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

    Args:
        loader (DataLoader): Of a dataset with a ``pipeline``, before its
            workers start.
        seed (int): Seed of the run, non-negative.

    Returns:
        TurnSampler | None: The sampler in use, or None where dataset or
        batch sampler have another structure and nothing was changed.
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
