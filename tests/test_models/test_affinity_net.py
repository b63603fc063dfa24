from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from affinity_configs import affinity_net, seeded, with_cam
from mmengine.config import Config
from mmseg.registry import MODELS
from pixel_pairs import dense_step

from projects.amr.models import AffinityHead, AffinityNet
from projects.amr.ops.feature_affinity import feature_affinity

CONFIGS = Path(__file__).parents[2] / 'configs'


def features_by_hand(model, x):
    levels = [
        F.elu(F.conv2d(feature, layer.weight))
        for feature, layer in zip(
            model.backbone(x), model.head.levels, strict=True
        )
    ]
    return F.elu(F.conv2d(torch.cat(levels, 1), model.head.last.weight))


def test_features_are_the_layers_run_by_hand():
    model = affinity_net()
    x = torch.randn(2, 3, 33, 47)
    got = model(x)
    torch.testing.assert_close(got, features_by_hand(model, x))
    assert tuple(got.shape) == (2, 28, 5, 6)


def test_head_starts_as_released():
    head = AffinityHead()
    head.init_weights()
    widths = [tuple(layer.weight.shape[:2]) for layer in head.levels]
    assert widths == [(64, 512), (128, 1024), (256, 4096)]
    for layer in head.levels:
        want = (2 / layer.in_channels) ** 0.5
        assert layer.weight.std().item() == pytest.approx(want, rel=0.02)
    bound = 4 * (6 / (448 + 448)) ** 0.5
    assert head.last.weight.abs().max().item() == pytest.approx(
        bound, rel=1e-3
    )


def test_gradient_reaches_what_is_not_frozen():
    model = affinity_net(training=True)
    losses = model(torch.randn(2, 3, 33, 47), seeded(), mode='loss')
    sum(losses.values()).backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
        fixed = '.bn' in name or name.startswith(
            ('backbone.conv1a', 'backbone.b2')
        )
        assert parameter.requires_grad is not fixed, name


@pytest.mark.parametrize('alpha', [16.0, 2.0])
def test_prediction_is_the_rule_by_hand(alpha):
    settings = {'beta': 3.0, 'exp_times': 2, 'bg_alpha': alpha}
    model = affinity_net(test_cfg=settings)
    image, sample = torch.randn(3, 33, 47), with_cam()
    (got,) = model([image], [sample], mode='predict')
    cam = F.interpolate(sample.cam_input.cam[None], (33, 47), mode='bilinear')[
        0
    ]
    background = (1 - cam.max(0).values) ** alpha
    maps = torch.cat([background[None], cam])
    pooled = torch.stack(
        [
            torch.stack(
                [
                    maps[:, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8].mean((1, 2))
                    for x in range(6)
                ],
                1,
            )
            for y in range(5)
        ],
        1,
    )
    affinity = feature_affinity(features_by_hand(model, image[None]), 3)[0]
    step, _ = dense_step(affinity, 3, 3.0)
    walked = pooled.double().flatten(1) @ step.matrix_power(4).T
    walked = walked.float().view(pooled.shape)
    walked = F.interpolate(walked[None], (33, 47), mode='bilinear')[0]
    label = torch.tensor([0, 1, 3])[walked.argmax(0)]
    assert torch.equal(got.pred_sem_seg.data, label[None])
    assert len(label.unique()) > 1
    torch.testing.assert_close(
        got.pred_cam.walked, walked[1:] / walked[1:].max()
    )
    assert got.pred_cam.classes == [0, 2]
    assert (got.pred_cam.maps, got.pred_cam.final) == (('walked',), 'walked')
    assert got.pred_cam.size == (33, 47)


def test_each_setting_matters():
    image, sample = torch.randn(3, 33, 47), with_cam()
    reference = affinity_net()
    base = reference.predict([image], [sample])[0].pred_cam.walked
    for change in (
        {'radius': 2},
        {'test_cfg': {'beta': 1.0}},
        {'test_cfg': {'exp_times': 0}},
    ):
        model = affinity_net(**change)
        model.load_state_dict(reference.state_dict())
        got = model.predict([image], [sample.clone()])[0].pred_cam.walked
        assert not torch.allclose(got, base)
    assert AffinityNet.default_test_cfg['solver'] == 'auto'
    with pytest.raises(ValueError, match='solver'):
        affinity_net(test_cfg={'solver': 'x'}).predict([image], [sample])
    with pytest.raises(ValueError, match=r"`test_cfg` knows.*\['bg_thr'\]"):
        affinity_net(test_cfg={'bg_thr': 0.2})
    with pytest.raises(ValueError, match='stride'):
        affinity_net(stride=4).predict([image], [sample])


@pytest.mark.parametrize(
    'name', ['affinitynet_wrn38_voc', 'toy/affinitynet_wrn38_toyvoc']
)
def test_configs_build(name):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
        features = model(torch.empty(1, 3, 41, 30))
    side = model.stride
    assert features.shape[-2:] == (-(-41 // side), -(-30 // side))
    crop = [t for t in cfg.train_pipeline if t['type'] == 'RandomCrop']
    assert crop[0]['crop_size'] == cfg.model.data_preprocessor['size']
