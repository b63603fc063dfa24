"""BES's boundary network, from a seed file to its loss and its walk."""

import numpy as np
import pytest
import torch
from affinity_configs import irnet, irnet_config, with_cam
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS
from mmseg.structures import SegDataSample

from model_configs import build
from projects.amr.models.losses import boundary_exploration_loss
from projects.amr.ops.boundary_labels import boundary_labels


def labelled():
    """A sample of two interiors and the boundary between them."""
    seed = np.zeros((33, 47), np.uint8)
    seed[:, 25:], seed[20:28, :9] = 3, 255
    sample = SegDataSample()
    labels = torch.from_numpy(boundary_labels(seed)).long()
    sample.gt_sem_seg = PixelData(data=labels[None])
    return sample


def test_the_transform_is_the_op():
    seed = np.random.default_rng(0).integers(0, 3, (9, 14), np.uint8)
    step = TRANSFORMS.build(dict(type='GenerateBoundaryLabel', window=3))
    got = step({'gt_seg_map': seed.copy()})['gt_seg_map']
    np.testing.assert_array_equal(got, boundary_labels(seed, window=3))
    with pytest.raises(ValueError, match='window'):
        TRANSFORMS.build(dict(type='GenerateBoundaryLabel', window=2))


def test_loss_is_the_op_s_and_gradients_spare_the_backbone():
    model = irnet(training=True, type='BENet')
    x, samples = torch.randn(2, 3, 33, 47), [labelled(), labelled()]
    losses = model(x, samples, mode='loss')
    rows, columns = torch.tensor(range(9)), torch.tensor(range(12))
    rows = ((rows + 0.5) * 33 / 9).long()
    columns = ((columns + 0.5) * 47 / 12).long()
    small = samples[0].gt_sem_seg.data[:, rows][:, :, columns]
    assert {0, 1, 2} <= set(small.unique().tolist())
    want = boundary_exploration_loss(model(x), small.expand(2, -1, -1))
    assert set(losses) == {'loss_boundary'}
    torch.testing.assert_close(losses['loss_boundary'], want)
    want.backward()
    for name, parameter in model.named_parameters():
        frozen = name.startswith('backbone.')
        assert (parameter.grad is None) is frozen, name


def test_training_finds_the_boundary():
    torch.manual_seed(0)
    model = build(irnet_config(type='BENet'))
    sample = labelled()
    labels = sample.gt_sem_seg.data[0]
    image = torch.zeros(1, 3, 33, 47)
    image[..., 25:] = 2.0
    optimizer = torch.optim.SGD(model.boundary_head.parameters(), 0.1)
    for _ in range(60):
        optimizer.zero_grad()
        model(image, [sample], mode='loss')['loss_boundary'].backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        found = model.predict_boundary(image[0])
    found = torch.nn.functional.interpolate(found[None, None], (33, 47))[0, 0]
    edge, inside = found[labels == 2].mean(), found[labels == 0].mean()
    assert edge > inside + 0.1


def test_predictions_are_those_of_irnet():
    models = irnet(), irnet(type='BENet')
    models[1].load_state_dict(models[0].state_dict())
    image, sample = torch.randn(3, 33, 47), with_cam()
    fields = [m.predict_one(image, sample, False) for m in models]
    for name in ('pred_boundary', 'pred_sem_seg'):
        assert torch.equal(*(f[name].data for f in fields))
