"""Batches of a test whose images have one size."""

from collections.abc import Iterator
from itertools import groupby

from mmengine.dist import get_dist_info
from mmseg.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from projects.amr.datasets.images.image_size import image_size


@DATA_SAMPLERS.register_module()
class SizeGroupedBatchSampler(Sampler):
    """Every image once, in batches of one size.

    :class:`MultiScaleCAM` and its like run images of one size at once. Images
    of one size keep the order of the list; the sizes come in their own.

    A network's sums depend, in the last bit, on how many images it sees at
    once. So batches are cut from the whole list and then shared out over the
    ranks: an image runs with the same others for any number of ranks.
    Each batch goes to the rank that has the fewest pixels so far, which
    leaves the ranks at most one batch apart.

    Args:
        sampler (Sampler): Its ``dataset`` is sampled, whatever its order;
            data infos have ``img_path``. Only the headers of the files are
            read.
        batch_size (int): Most images of a batch.

    Raises:
        ValueError: If ``batch_size`` is below 1.
        DataError: If an image is missing or has no readable header.
    """

    def __init__(self, sampler: Sampler, batch_size: int):
        if batch_size < 1:
            raise ValueError(
                f'`batch_size` must be at least 1, got {batch_size}'
            )
        self.sampler = sampler
        self.batch_size = batch_size
        rank, world_size = get_dist_info()
        self._own = self._batches_by_rank(world_size)[rank]

    def _batches_by_rank(self, world_size: int) -> list[list[list[int]]]:
        dataset = self.sampler.dataset
        infos = map(dataset.get_data_info, range(len(dataset)))
        sizes = [image_size(info['img_path']) for info in infos]
        order = sorted(range(len(sizes)), key=sizes.__getitem__)
        shares: list[list[list[int]]] = [[] for _ in range(world_size)]
        pixels = [0] * world_size
        for (height, width), group in groupby(order, sizes.__getitem__):
            images = list(group)
            for start in range(0, len(images), self.batch_size):
                batch = images[start : start + self.batch_size]
                rank = pixels.index(min(pixels))
                shares[rank].append(batch)
                pixels[rank] += len(batch) * height * width
        return shares

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)
