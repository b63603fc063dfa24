"""Tiny models of every kind, with what their preprocessors take."""

from copy import deepcopy

import torch
from affinity_configs import affinity_net, irnet, seeded, with_cam
from mmengine.device import utils as mmengine_device
from mmengine.structures import PixelData
from segmentor_configs import head_config, labelled, segmentor_config
from weak_samples import weak_samples

from model_configs import AMM, amr, branch, build, seam, seam_amr

PREPROCESSOR = {
    'type': 'WeakLabelDataPreprocessor',
    'mean': [123.675, 116.28, 103.53],
    'std': [58.395, 57.12, 57.375],
    'bgr_to_rgb': True,
    'size': (40, 48),
}
MMSEG_S = {**PREPROCESSOR, 'type': 'SegDataPreProcessor'}
RELEASED_AMM = {
    **AMM,
    'channel_transform': 'mlp',
    'spatial_transform': 'max_mean',
    'norm_always_train': True,
    'modulation': {
        'type': 'gaussian',
        'stats': 'batch',
        'peak': False,
        'unbiased': True,
        'detach_stats': True,
        'eps': 0.0,
    },
}
RELEASED_CPS = {
    'type': 'CrossPseudoSupervisionLoss',
    'loss_weight': 0.05,
    'rectify': True,
    'pairing': 'first_two',
}
STAGED = {
    'type': 'StageModulation',
    'backbone': branch()['backbone'],
    'stages': {'layer3': 64, '': 128},
}


def _built(config, **changes):
    """Build a classifier or segmentor with the preprocessor."""
    return build({'data_preprocessor': PREPROCESSOR, **config, **changes})


WEAK = ([1.0, 0.0, 1.0], [0.0, 1.0, 0.0])  # of two images


def with_masks() -> list:
    """Two weakly labelled samples with masks and object parts."""
    samples = weak_samples(*WEAK)
    for sample in samples:
        mask = torch.randint(4, (1, 33, 47))
        mask[..., :3] = 255
        sample.gt_sem_seg = PixelData(data=mask)
        sample.gt_part = PixelData(data=torch.randint(3, (1, 33, 47)))
    return samples


CLASSIFIERS = {
    'cam': lambda **c: _built(branch(), **c),
    'stage_amm': lambda **c: _built({**branch(), 'backbone': STAGED}, **c),
    'amr': lambda **c: _built(amr(), **c),
    'amr_threshold': lambda **c: _built(
        amr({**AMM, 'modulation': {'type': 'threshold'}}), **c
    ),
    # A last norm of 0, as the ResNet starts from without weights, leaves
    # the released modulation no deviation to divide by.
    'amr_release': lambda **c: _built(
        amr(
            detach_spotlight=True,
            loss_cps=RELEASED_CPS,
            compensation=branch(RELEASED_AMM, zero_init_residual=False),
        ),
        **c,
    ),
    'amr_erase': lambda **c: _built(amr(loss_cps=None, erase_thr=0.3), **c),
    'seam': lambda **c: _built(seam(), **c),
    'seam_amr': lambda **c: _built(seam_amr(), **c),
}
OTHERS = {
    'irnet': lambda: irnet(True, data_preprocessor=PREPROCESSOR),
    'benet': lambda: irnet(True, type='BENet', data_preprocessor=PREPROCESSOR),
    'affinity_net': lambda: affinity_net(True, data_preprocessor=PREPROCESSOR),
    'deeplab': lambda: _built(segmentor_config(data_preprocessor=MMSEG_S)),
    'deeplab_balanced': lambda: _built(
        segmentor_config(
            data_preprocessor=MMSEG_S,
            decode_head=head_config(
                loss_decode={'type': 'BalancedCrossEntropyLoss'}
            ),
        )
    ),
}
MODELS = {**CLASSIFIERS, **OTHERS}


def train_samples(name: str) -> list:
    """What a model is trained on."""
    if name in CLASSIFIERS:
        return weak_samples(*WEAK)
    return labelled() if name.startswith('deeplab') else seeded()


def samples_to_predict(name: str) -> list:
    """What a model is tested on."""
    if name in CLASSIFIERS:
        return with_masks()
    if name.startswith('deeplab'):
        samples = labelled()
        for sample in samples:
            sample.set_metainfo({'ori_shape': (33, 47), 'img_shape': (33, 47)})
        return samples
    return [with_cam(), with_cam(classes=(1,))]


def batch(samples: list, size=(33, 47)) -> dict:
    """Images as a data loader gives them, and copies of the samples."""
    torch.manual_seed(1)
    images = [torch.randint(256, (3, *size)).byte() for _ in samples]
    return {'inputs': images, 'data_samples': deepcopy(samples)}


def step(model, samples: list):
    """Losses and gradients of one training step, brought to the CPU."""
    data = model.data_preprocessor(batch(samples), True)
    torch.manual_seed(2)  # of dropout
    total, losses = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    grads = {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    return losses, grads


def use_in_mmengine(monkeypatch, device: str) -> None:
    """Let mmengine's Runner and loops take a device."""
    monkeypatch.setattr(mmengine_device, 'DEVICE', device)
