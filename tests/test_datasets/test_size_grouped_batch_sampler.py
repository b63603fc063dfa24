from itertools import chain

import numpy as np
import pytest
from mmengine.dataset import DefaultSampler
from PIL import Image

from projects.amr.datasets import SizeGroupedBatchSampler
from projects.amr.datasets.samplers import size_grouped_batch_sampler
from projects.amr.errors import DataError

SIZES = [(5, 7), (7, 5), (5, 7), (4, 7), (7, 5), (5, 7), (7, 5), (5, 7)]


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
    """Batches of each rank."""

    def _ranks(dataset, batch_size, world_size):
        shares = []
        for rank in range(world_size):
            monkeypatch.setattr(
                size_grouped_batch_sampler,
                'get_dist_info',
                lambda rank=rank: (rank, world_size),
            )
            sampler = DefaultSampler(dataset, shuffle=False, round_up=False)
            batches = SizeGroupedBatchSampler(sampler, batch_size)
            assert list(batches) == list(batches)
            assert len(batches) == len(list(batches))
            shares.append(list(batches))
        return shares

    return _ranks


@pytest.mark.parametrize(
    ('batch_size', 'want'),
    [
        (1, [[3], [0], [2], [5], [7], [1], [4], [6]]),
        (2, [[3], [0, 2], [5, 7], [1, 4], [6]]),
        (3, [[3], [0, 2, 5], [7], [1, 4, 6]]),
        (16, [[3], [0, 2, 5, 7], [1, 4, 6]]),
    ],
)
def test_batches_are_of_one_size_in_the_order_of_the_list(
    tmp_path, ranks, batch_size, want
):
    assert ranks(Images(tmp_path, SIZES), batch_size, 1) == [want]


@pytest.mark.parametrize('world_size', [2, 3, 8])
@pytest.mark.parametrize('batch_size', [1, 2, 3])
def test_ranks_share_out_the_batches_of_one(
    tmp_path, ranks, batch_size, world_size
):
    dataset = Images(tmp_path, SIZES)
    (whole,) = ranks(dataset, batch_size, 1)
    shares = ranks(dataset, batch_size, world_size)
    assert sorted(chain(*shares)) == sorted(whole)
    for share in shares:  # in the same order
        assert share == [batch for batch in whole if batch in share]


def test_an_unreadable_image_is_named(tmp_path, ranks):
    dataset = Images(tmp_path, SIZES)
    dataset.paths[4].unlink()
    with pytest.raises(DataError, match=r'4\.png'):
        ranks(dataset, 2, 1)


def test_empty_batches_are_refused(tmp_path, ranks):
    with pytest.raises(ValueError, match='at least 1, got 0'):
        ranks(Images(tmp_path, SIZES), 0, 1)
