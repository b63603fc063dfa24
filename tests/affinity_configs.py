"""Small affinity networks, seeds and CAM inputs for tests."""

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from model_configs import backbone, build

LEVELS = {
    'in_channels': (4, 16, 32, 64, 128),
    'strides': (4, 4, 8, 16, 16),
}


def irnet_config(**changes) -> dict:
    """An IRNet of the tests' ResNet, maps at stride 4."""
    encoder = backbone(
        type='ResNetWithStem',
        strides=(1, 2, 2, 1),
        out_indices=(0, 1, 2, 3),
        frozen_stages=4,
        norm_eval=True,
    )
    return {
        'type': 'IRNet',
        'backbone': encoder,
        'boundary_head': {
            'type': 'BoundaryHead',
            'channels': 8,
            'num_groups': 2,
            **LEVELS,
        },
        'radius': 3,
        **changes,
    }


def irnet(training: bool = False, **changes):
    """With logits spread around 0: some boundaries, some none."""
    model = build(irnet_config(**changes), training)
    last = model.boundary_head.classifier
    torch.nn.init.normal_(last.weight)
    with torch.no_grad():
        last.bias -= model(torch.randn(1, 3, 33, 47)).mean()
    return model


def affinity_net_config(**changes) -> dict:
    """An AffinityNet on a Wide-ResNet38 of a sixteenth of the width."""
    return {
        'type': 'AffinityNet',
        'backbone': {
            'type': 'WideResNet38',
            'out_indices': (2, 3, 5),
            'width_divisor': 16,
            'frozen_stages': 1,
        },
        'head': {
            'type': 'AffinityHead',
            'in_channels': (32, 64, 256),
            'channels': (4, 8, 16),
        },
        'radius': 3,
        **changes,
    }


def affinity_net(training: bool = False, **changes):
    """With features near enough for affinities to be told from 0."""
    model = build(affinity_net_config(**changes), training)
    model.head.last.weight.data *= 0.02
    return model


def seeded(count: int = 2, size=(33, 47)) -> list:
    """Samples with seeds of all kinds, in blocks of some pixels."""
    samples = [SegDataSample() for _ in range(count)]
    for sample in samples:
        seed = torch.tensor([0, 1, 2, 255])[torch.randint(4, (1, 8, 8))]
        seed = F.interpolate(seed[None].float(), size=size)[0].long()
        sample.gt_sem_seg = PixelData(data=seed)
    return samples


def with_cam(size=(33, 47), classes=(0, 2), shape=(9, 12)):
    """A sample with the CAM record of an image, and a mask."""
    sample = SegDataSample()
    mask = torch.zeros(1, *size, dtype=torch.long)
    sample.gt_sem_seg = PixelData(data=mask)
    sample.cam_input = PixelData(
        cam=torch.rand(len(classes), *shape),
        metainfo={'classes': list(classes), 'size': size},
    )
    return sample
