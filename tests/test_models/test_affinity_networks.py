"""What both affinity networks have in common."""

import pytest
import torch
from affinity_configs import affinity_net, irnet, seeded, with_cam
from mmseg.structures import SegDataSample

from projects.amr.models.affinity.base_affinity_network import shrink_seed
from projects.amr.models.losses import affinity_loss
from projects.amr.ops.affinity import pairwise_affinity
from projects.amr.ops.affinity_labels import affinity_labels
from projects.amr.ops.feature_affinity import feature_affinity

BOTH = pytest.mark.parametrize('make', [irnet, affinity_net])


@BOTH
@pytest.mark.parametrize('interior_only', [False, True])
def test_losses_are_the_ops_by_hand(make, interior_only):
    model = make(interior_only=interior_only)
    x, samples = torch.randn(2, 3, 65, 70), seeded(size=(65, 70))
    got = model(x, samples, mode='loss')
    if make is irnet:
        affinity = pairwise_affinity(model(x).sigmoid(), 3)
    else:
        affinity = feature_affinity(model(x), 3)
    seed = torch.cat([s.gt_sem_seg.data for s in samples])[:, None]
    small = shrink_seed(seed, affinity.shape[-2:])
    labels = affinity_labels(small, 3, interior_only=interior_only)
    bg, fg, neg = affinity_loss(affinity, labels)
    want = {
        'loss_aff_pos_bg': bg / 4,
        'loss_aff_pos_fg': fg / 4,
        'loss_aff_neg': neg / 2,
    }
    torch.testing.assert_close(got, want)
    assert all(value > 0 for value in want.values())


@BOTH
@pytest.mark.parametrize('size', [(1, 1), (1, 30), (61, 5), (30, 600)])
def test_any_image_size(make, size):
    sample = with_cam(size, (1,), (2, 3))
    (got,) = make().predict([torch.randn(3, *size)], [sample])
    assert tuple(got.pred_cam.walked.shape) == (1, *size)
    assert got.pred_cam.walked.max() == 1
    assert got.pred_cam.walked.min() >= 0
    assert set(got.pred_sem_seg.data.unique().tolist()) <= {0, 2}
    if make is irnet:
        shape = tuple(-(-side // 4) for side in size)
        assert tuple(got.pred_boundary.data.shape) == (1, *shape)


@BOTH
def test_image_without_labels_is_background(make):
    model, image = make(), torch.randn(3, 33, 47)
    (got,) = model.predict([image], [with_cam(classes=())])
    assert tuple(got.pred_cam.walked.shape) == (0, 33, 47)
    assert got.pred_cam.classes == []
    assert not got.pred_sem_seg.data.any()
    (got,) = model.predict([image], [SegDataSample()])
    assert 'pred_sem_seg' not in got
    assert 'pred_cam' not in got


def test_maps_of_zeros_stay_zeros():
    empty = with_cam()
    empty.cam_input.cam = torch.zeros(2, 9, 12)
    (got,) = irnet().predict([torch.randn(3, 33, 47)], [empty])
    assert got.pred_cam.walked.max() == 0


@BOTH
def test_an_unknown_mode_is_named(make):
    with pytest.raises(ValueError, match='mode'):
        make()(torch.randn(1, 3, 8, 8), mode='x')
