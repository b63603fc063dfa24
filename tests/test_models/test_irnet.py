from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
import torch
from affinity_configs import irnet, seeded, with_cam
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmseg.registry import MODELS

from projects.amr.engine import DisplacementMeanHook
from projects.amr.models import BoundaryHead, DisplacementHead
from projects.amr.models.affinity.base_affinity_network import shrink_seed
from projects.amr.models.losses import affinity_loss, displacement_loss
from projects.amr.ops.affinity import pairwise_affinity
from projects.amr.ops.affinity_labels import affinity_labels

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.mark.parametrize('interior_only', [False, True])
def test_losses_are_the_ops_by_hand(interior_only):
    model = irnet(True, interior_only=interior_only)
    x, samples = torch.randn(2, 3, 33, 47), seeded()
    got = model(x, samples, mode='loss')
    logits, field = model(x)
    seed = torch.cat([s.gt_sem_seg.data for s in samples])[:, None]
    labels = affinity_labels(
        shrink_seed(seed, (9, 12)), 3, interior_only=interior_only
    )
    bg, fg, neg = affinity_loss(pairwise_affinity(logits.sigmoid(), 3), labels)
    dp_fg, dp_bg = displacement_loss(field, labels, 3)
    want = {
        'loss_aff_pos_bg': bg / 4,
        'loss_aff_pos_fg': fg / 4,
        'loss_aff_neg': neg / 2,
        'loss_dp_fg': dp_fg / 2,
        'loss_dp_bg': dp_bg / 2,
    }
    assert set(got) == set(want)
    for key, value in want.items():
        assert value > 0
        torch.testing.assert_close(got[key], value)
    alone = irnet(False, interior_only=interior_only)
    alone.load_state_dict(model.state_dict(), strict=False)
    total = sum(alone(x, samples, mode='loss').values())
    torch.testing.assert_close(total, bg / 4 + fg / 4 + neg / 2)


def test_radius_and_losses_are_configurable():
    x, samples = torch.randn(1, 3, 33, 47), seeded(1)
    models = [
        irnet(True),
        irnet(True, radius=4),
        irnet(True, loss_affinity={'type': 'AffinityLoss', 'eps': 0.1}),
        irnet(True, loss_displacement={'type': 'DisplacementLoss'}),
        irnet(
            True,
            loss_displacement={'type': 'DisplacementLoss', 'bg_weight': 1},
        ),
    ]
    totals = []
    for model in models:
        model.load_state_dict(models[0].state_dict())
        losses = model(x, samples, mode='loss')
        totals.append(round(sum(losses.values()).item(), 5))
    assert len(set(totals)) == 4
    assert totals[0] == totals[3]


def test_gradient_spares_the_backbone_and_reaches_all_else():
    model = irnet(displacement=True, training=True)
    statistics = model.backbone.layer4[0].norm1.running_mean.clone()
    x, samples = torch.randn(2, 3, 33, 47), seeded()
    sum(model(x, samples, mode='loss').values()).backward()
    for name, parameter in model.named_parameters():
        frozen = name.startswith('backbone.')
        assert parameter.requires_grad is not frozen, name
        assert (parameter.grad is None) is frozen, name
    assert torch.equal(statistics, model.backbone.layer4[0].norm1.running_mean)


def test_seeds_are_taken_at_the_middle_of_a_cell():
    seed = torch.arange(64).view(1, 1, 8, 8)
    assert shrink_seed(seed, (2, 2)).flatten().tolist() == [18, 22, 50, 54]
    assert shrink_seed(seed, (8, 8)).equal(seed)


def test_mean_displacement_is_measured_before_the_last_checkpoint():
    model = irnet(displacement=True, training=True)
    batches = [torch.randn(n, 3, 33, 47) for n in (2, 1)]
    model.data_preprocessor.forward = lambda x, training: {'inputs': x}
    runner = MagicMock(model=model, train_dataloader=batches)
    runner.epoch, runner.max_epochs, runner.iter, runner.max_iters = 1, 3, 5, 9
    mean = model.displacement_head.mean_displacement
    hook = DisplacementMeanHook()
    hook.after_train_epoch(runner)
    assert not mean.any()
    runner.epoch, runner.iter = 2, 8
    hook.after_train_iter(runner, 0)
    DisplacementMeanHook(by_epoch=False).after_train_epoch(runner)
    assert not mean.any()
    with torch.no_grad():
        fields = [model(batch)[1] for batch in batches]
    want = torch.cat(fields).mean((0, 2, 3))
    hook.after_train_epoch(runner)
    torch.testing.assert_close(mean, want)
    assert model.training
    mean.fill_(7)  # measured anew, not on top
    DisplacementMeanHook(by_epoch=False).after_train_iter(runner, 0)
    torch.testing.assert_close(mean, want)
    shifted = [model.eval()(batch)[1] for batch in batches]
    torch.testing.assert_close(
        torch.cat(shifted).mean((0, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0
    )
    order = ('VERY_HIGH', 'HIGH', 'NORMAL', 'LOW', 'VERY_LOW')
    assert order.index(hook.priority) < order.index(CheckpointHook.priority)
    DisplacementMeanHook().after_train_epoch(
        SimpleNamespace(model=irnet(), epoch=2, max_epochs=3)
    )


@pytest.mark.parametrize(
    'name', ['irnet_r50_voc', 'irnet_r50_voc_release', 'toy/irnet_r26_toyvoc']
)
def test_configs_build_a_frozen_network(name):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    model = MODELS.build(cfg.model)
    model.train()
    assert not any(p.requires_grad for p in model.backbone.parameters())
    assert not any(m.training for m in model.backbone.layer3.modules())
    image, sample = torch.randn(3, 41, 30), with_cam((41, 30))
    got = model.eval()([image], [sample], mode='predict')[0]
    assert got.pred_boundary.data.shape == (1, 11, 8)
    assert model.interior_only is ('release' in name)
    if name != 'toy/irnet_r26_toyvoc':
        assert model.displacement_head is not None
        assert cfg.optim_wrapper.optimizer.momentum == 1e-4


def test_unfit_branches_are_named():
    with pytest.raises(ValueError, match='`in_channels` and `strides`'):
        BoundaryHead(in_channels=(4, 4))
    with pytest.raises(ValueError, match='multiples of 4'):
        BoundaryHead(in_channels=(4, 4), strides=(4, 6))
    with pytest.raises(ValueError, match='`channels` must have five'):
        DisplacementHead(channels=(4, 4))
    with pytest.raises(ValueError, match="'x'"):
        irnet()(torch.randn(1, 3, 8, 8), mode='x')
