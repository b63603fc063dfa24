"""Order of a test that brings images of one size together."""

from collections.abc import Iterator

from mmengine.dist import get_dist_info
from mmseg.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from projects.amr.datasets.image_size import image_size


@DATA_SAMPLERS.register_module()
class SizeGroupedSampler(Sampler):
    """Every image once, in the order of their sizes.

    :class:`MultiScaleCAM` and its like run the images of a batch that have
    one size at once. In the order of a list, few neighbours do; in this
    order all batches but one a size. Images of one size keep the order of
    the list. The order is the same in every run, and what is made of an
    image does not depend on it.

    Over ranks each takes every n-th image: nothing comes twice, all have the
    same number of images but for one, and about the same number of each
    size.

    Args:
        dataset (BaseDataset): Its data infos have ``img_path``; only the
            headers of the files are read.
        seed (int, optional): Not used; runners pass one to every sampler.
            Defaults to None.

    Raises:
        DataError: If an image is missing or has no readable header.
    """

    def __init__(self, dataset, seed: int | None = None):
        rank, world_size = get_dist_info()
        infos = map(dataset.get_data_info, range(len(dataset)))
        sizes = [image_size(info['img_path']) for info in infos]
        order = sorted(range(len(sizes)), key=sizes.__getitem__)
        self._own = order[rank::world_size]

    def __iter__(self) -> Iterator[int]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)
