"""RRM: its labels and losses by hand, warm-up, a real training."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from segmentor_configs import head_config, meta, tiny_segmentor

from model_configs import backbone, build
from projects.amr.models.losses import (
    balanced_cross_entropy,
    dense_energy,
    multilabel_soft_margin_loss,
)
from projects.amr.ops import normalize_cam, resize_cam
from projects.amr.ops.seeds import reliable_seed

SEED = {'prob_thr': 0.3, 'min_score': 0.0, 'crf': None}


def rrm_config(labels=4, **changes):
    return {
        'type': 'RRM',
        'backbone': backbone(norm_eval=True),
        'decode_head': head_config(
            num_classes=labels,
            loss_decode={'type': 'BalancedCrossEntropyLoss'},
        ),
        'cam_head': {
            'type': 'CAMHead',
            'in_channels': 128,
            'num_classes': labels - 1,
        },
        'loss_energy': {'type': 'DenseEnergyLoss', 'loss_weight': 1e-3},
        'scales': (1.0, 0.5),
        'seed': SEED,
        'test_cfg': {'mode': 'whole'},
        **changes,
    }


def batch():
    """Two images of 33 x 47, the second one padded from 20 x 31."""
    torch.manual_seed(0)
    images = torch.rand(2, 3, 33, 47) * 255
    samples = [meta((33, 47)), meta((20, 31))]
    for sample, label in zip(
        samples, ([1.0, 0.0, 1.0], [0.0, 1.0, 0.0]), strict=True
    ):
        sample.gt_label = torch.tensor(label)
    return images, samples


def built(**changes):
    config = rrm_config(**changes)
    config['test_cfg'] = Config(config['test_cfg'])
    return build(config)


def test_losses_are_the_ops_on_reliable_regions():
    model, (images, samples) = built(), batch()
    losses = model(images, samples, mode='loss')
    model.eval()
    features = model.extract_feat(images)
    cam = model.cam_head(features)
    labels = torch.stack([s.gt_label for s in samples])
    torch.testing.assert_close(
        losses['loss_cls'],
        multilabel_soft_margin_loss(cam.mean((-2, -1)), labels),
    )
    half = torch.nn.functional.interpolate(images, (16, 24), mode='bilinear')
    maps = sum(
        resize_cam(model.cam_head(model.extract_feat(x)).relu(), (33, 47))
        for x in (images, half)
    )
    maps = normalize_cam(maps).detach().numpy()
    colours = images.round().byte().permute(0, 2, 3, 1).numpy()
    regions = np.full((2, 33, 47), 255)
    regions[0] = reliable_seed(
        colours[0], maps[0, [0, 2]], np.array([0, 2]), **SEED
    )
    regions[1, :20, :31] = reliable_seed(
        colours[1, :20, :31], maps[1, [1], :20, :31], np.array([1]), **SEED
    )
    assert set(np.unique(regions)) > {0, 255}
    regions = torch.from_numpy(regions).long()
    logits = resize_cam(model.decode_head(features), (33, 47))
    torch.testing.assert_close(
        losses['loss_balanced_ce'], balanced_cross_entropy(logits, regions)
    )
    valid = torch.zeros(2, 33, 47)
    valid[0], valid[1, :20, :31] = 1, 1
    energy = dense_energy(images, logits.softmax(1), regions, valid)
    torch.testing.assert_close(losses['loss_energy'], 1e-3 * energy)


def test_colours_are_those_before_the_normalisation():
    preprocessor = {
        'type': 'SegDataPreProcessor',
        'mean': [123.675, 116.28, 103.53],
        'std': [58.395, 57.12, 57.375],
        'bgr_to_rgb': True,
        'size': (33, 47),
    }
    model = built(data_preprocessor=preprocessor)
    image = torch.randint(256, (3, 33, 47)).byte()
    data = {'inputs': [image], 'data_samples': batch()[1][:1]}
    inputs = model.data_preprocessor(data, True)['inputs']
    colours = model.colours(inputs)
    assert torch.equal(colours[0].round().byte(), image[[2, 1, 0]])


def test_warm_up_trains_the_classifier_alone_and_its_count_is_saved():
    model, (images, samples) = built(warmup=2), batch()
    for _ in range(2):
        losses = model(images, samples, mode='loss')
        assert set(losses) == {'loss_cls'}
    losses['loss_cls'].backward()
    for name, parameter in model.named_parameters():
        untouched = name.startswith('decode_head')
        assert (parameter.grad is None) is untouched, name
    other = built(warmup=2)
    other.load_state_dict(deepcopy(model.state_dict()))
    assert 'loss_balanced_ce' in other(images, samples, mode='loss')


def test_labels_leave_statistics_and_mode_as_they_were():
    model = built(backbone=backbone(norm_eval=False), scales=(1.0, 0.5, 2.0))
    before = deepcopy(model.state_dict())
    cam = model.merged_cam(batch()[0])
    assert cam.shape == (2, 3, 33, 47)
    assert not cam.requires_grad
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('scales', ()),
        ('scales', (1.0, 0.0)),
        ('warmup', -1),
        ('seed', {'prob_thr': 2.0}),
        ('CAM head', {'type': 'CAMHead', 'in_channels': 8, 'num_classes': 4}),
    ],
)
def test_options_are_checked(name, value):
    key = {'CAM head': 'cam_head', 'seed': 'seed'}.get(name, name)
    with pytest.raises(ValueError, match=name if key != 'seed' else 'prob'):
        built(**{key: value})


def rrm_training(toy_root, work_dir, **changes):
    cfg = tiny_segmentor(toy_root, work_dir)
    own = cfg.model.data_preprocessor
    cfg.model = rrm_config(5, data_preprocessor=own, warmup=2)
    train = cfg.train_dataloader.dataset
    train.type = 'VOCWeakLabelDataset'
    train.pop('data_prefix')
    train.pipeline = [
        dict(type='LoadWeakLabelImage'),
        dict(type='RandomResizeLongestSide', min_side=40, max_side=60),
        dict(type='RandomCrop', crop_size=(48, 48)),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackWeakLabelInputs'),
    ]
    cfg.merge_from_dict(changes)
    return cfg


def test_a_training_and_its_resume_end_alike(toy_root, tmp_path):
    whole = Runner.from_cfg(rrm_training(toy_root, tmp_path / 'whole'))
    whole.train()
    losses = whole.message_hub.log_scalars['train/loss_cls'].data[0]
    assert len(losses) == 4
    assert len(whole.message_hub.log_scalars['train/loss_energy'].data[0]) == 2
    assert 0 <= whole.test()['mIoU'] <= 100
    assert whole.model.num_steps == 4
    cfg = rrm_training(toy_root, tmp_path / 'resumed')
    cfg.resume, cfg.load_from = True, str(tmp_path / 'whole/iter_2.pth')
    resumed = Runner.from_cfg(cfg)
    resumed.train()
    for name, value in whole.model.state_dict().items():
        other = resumed.model.state_dict()[name]
        torch.testing.assert_close(value, other, rtol=0, atol=0, msg=name)
