import numpy as np
import pytest
import torch
import torch.nn.functional as F
from affinity_configs import irnet, with_cam
from mmseg.structures import SegDataSample

from projects.amr.datasets.transforms import RandomWalkPseudoLabel
from projects.amr.errors import DataError
from projects.amr.ops.random_walk import random_walk


@pytest.mark.parametrize('power', [1.0, 1.5])
def test_prediction_is_the_ops_by_hand(power):
    walk = {'radius': 4, 'beta': 6.0, 'exp_times': 3, 'solver': 'dense'}
    settings = {'cam_power': power, 'bg_thr': 0.4, **walk}
    model = irnet(test_cfg=settings)
    image, sample = torch.randn(3, 33, 47), with_cam()
    (got,) = model([image], [sample], mode='predict')
    plain = model(image[None])
    mirrored = model(image.flip(-1)[None])
    boundary = ((plain + mirrored.flip(-1)) / 2).sigmoid()[0, 0]
    torch.testing.assert_close(got.pred_boundary.data[0], boundary)
    maps = random_walk(sample.cam_input.cam**power, boundary, **walk)
    maps = F.interpolate(
        maps[None], (33, 47), mode='bilinear', align_corners=False
    )[0]
    maps = maps / maps.max()
    torch.testing.assert_close(got.pred_cam.walked, maps)
    best, winner = maps.max(0)
    label = torch.where(best > 0.4, torch.tensor([1, 3])[winner], 0)
    assert torch.equal(got.pred_sem_seg.data, label[None])
    assert set(label.unique().tolist()) == {0, 1, 3}
    assert got.pred_cam.classes == [0, 2]
    assert (got.pred_cam.maps, got.pred_cam.final) == (('walked',), 'walked')
    assert got.pred_cam.size == (33, 47)


def test_the_transform_makes_the_same_label_of_the_same_maps():
    settings = {'cam_power': 1.5, 'radius': 4, 'beta': 6.0, 'exp_times': 3}
    settings['bg_thr'] = 0.4
    model = irnet(test_cfg=settings)
    sample = with_cam()
    (got,) = model([torch.randn(3, 33, 47)], [sample], mode='predict')
    results = RandomWalkPseudoLabel(**settings)(
        {
            'cam': sample.cam_input.cam.numpy(),
            'cam_classes': np.array([0, 2]),
            'cam_size': (33, 47),
            'boundary': got.pred_boundary.data[0].detach().numpy(),
        }
    )
    label = got.pred_sem_seg.data[0].numpy()
    np.testing.assert_array_equal(results['gt_seg_map'], label)
    assert set(np.unique(label)) == {0, 1, 3}


@pytest.mark.parametrize('size', [(33, 47), (61, 5), (1, 1), (90, 37)])
def test_padding_enters_the_group_norms_and_is_cut_off(size):
    """GroupNorm by hand: the padded image's own statistics, then the crop."""
    model = irnet(test_cfg={'pad_size': 64})
    image = torch.randn(3, *size)
    total = 0
    for mirrored in (False, True):
        own = image.flip(-1) if mirrored else image
        padded = torch.zeros(1, 3, max(size[0], 64), 64)
        padded[0, :, : size[0], : size[1]] = own
        logit = model(padded)
        logit = logit[0, 0, : -(-size[0] // 4), : -(-size[1] // 4)]
        total = total + (logit.flip(-1) if mirrored else logit) / 2
    got = model.predict_boundary(image)
    torch.testing.assert_close(got, total.sigmoid())
    model.test_cfg['pad_size'] = None
    plain = model.predict_boundary(image)
    assert plain.shape == got.shape
    assert (plain - got).abs().max() > 1e-3


def test_no_cam_or_mask_gives_the_boundary_alone():
    unmasked = with_cam()
    del unmasked.gt_sem_seg
    for sample in (SegDataSample(), unmasked):
        (got,) = irnet().predict([torch.randn(3, 33, 47)], [sample])
        assert 'pred_cam' not in got
        assert got.pred_boundary.data.shape == (1, 9, 12)


def test_record_of_another_image_is_refused():
    sample = with_cam(size=(40, 40))
    sample.set_metainfo({'img_path': 'a.jpg'})
    with pytest.raises(DataError, match=r'a\.jpg.*\(33, 47\).*\(40, 40\)'):
        irnet().predict([torch.randn(3, 33, 47)], [sample])
