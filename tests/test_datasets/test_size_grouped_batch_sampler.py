from itertools import chain, groupby

import numpy as np
import pytest
from PIL import Image

from projects.amr.datasets import SizeGroupedSampler
from projects.amr.datasets.samplers import size_grouped_sampler
from projects.amr.errors import DataError

SIZES = [(5, 7), (7, 5), (5, 7), (4, 7), (7, 5), (5, 7), (7, 5)]


class Images:
    """A dataset of image files of given sizes."""

    def __init__(self, folder, sizes):
        self.sizes = sizes
        self.paths = [folder / f'{i}.png' for i in range(len(sizes))]
        for path, size in zip(self.paths, sizes, strict=True):
            Image.fromarray(np.zeros(size, np.uint8)).save(path)

    def __len__(self):
        return len(self.paths)

    def get_data_info(self, index):
        return {'img_path': str(self.paths[index])}


@pytest.fixture
def ranks(monkeypatch):
    def _ranks(dataset, world_size):
        parts = []
        for rank in range(world_size):
            monkeypatch.setattr(
                size_grouped_sampler,
                'get_dist_info',
                lambda rank=rank: (rank, world_size),
            )
            parts.append(SizeGroupedSampler(dataset))
        return parts

    return _ranks


def test_sizes_come_together_in_the_order_of_the_list(tmp_path):
    dataset = Images(tmp_path, SIZES)
    order = list(SizeGroupedSampler(dataset))
    assert order == [3, 0, 2, 5, 1, 4, 6]
    groups = [size for size, _ in groupby(order, SIZES.__getitem__)]
    assert len(groups) == len(set(SIZES))
    assert order == list(SizeGroupedSampler(dataset, seed=5))


@pytest.mark.parametrize('world_size', [2, 3, 8])
def test_ranks_share_the_images_evenly_and_none_twice(
    tmp_path, ranks, world_size
):
    dataset = Images(tmp_path, SIZES)
    parts = [list(sampler) for sampler in ranks(dataset, world_size)]
    assert sorted(chain(*parts)) == list(range(len(SIZES)))
    lengths = [len(sampler) for sampler in ranks(dataset, world_size)]
    assert lengths == [len(part) for part in parts]
    assert max(lengths) - min(lengths) <= 1
    for part in parts:
        sizes = [SIZES[i] for i in part]
        assert sizes == sorted(sizes)


def test_an_unreadable_image_is_named(tmp_path):
    dataset = Images(tmp_path, SIZES)
    dataset.paths[4].unlink()
    with pytest.raises(DataError, match=r'4\.png'):
        SizeGroupedSampler(dataset)
