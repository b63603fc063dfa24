from pathlib import Path

import pytest
import torch
from affinity_configs import irnet, seeded, with_cam
from mmengine.config import Config
from mmseg.registry import MODELS

from projects.amr.models.affinity.base_affinity_network import shrink_seed

CONFIGS = Path(__file__).parents[2] / 'configs'


def test_gradient_spares_the_backbone_and_reaches_all_else():
    model = irnet(training=True)
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
        assert cfg.optim_wrapper.optimizer.momentum == 1e-4
