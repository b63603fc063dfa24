"""Small model configs for tests."""

from copy import deepcopy

from mmseg.registry import MODELS

NUM_CLASSES = 3
AMM = {'type': 'AttentionModulation'}


def backbone(amm: dict | None = None, **changes) -> dict:
    """A bottleneck ResNet of one block a stage, stride 8, 128 channels."""
    config = {
        'type': 'ShallowResNet',
        'depth': 14,
        'stem_channels': 4,
        'base_channels': 4,
        'out_indices': (3,),
        'strides': (1, 2, 1, 1),
        'dilations': (1, 1, 1, 1),
        **changes,
    }
    if amm is not None:
        config['plugins'] = [{'cfg': amm, 'position': 'after_conv3'}]
    return config


def branch(amm: dict | None = None, **changes) -> dict:
    """A plain CAM classifier."""
    return {
        'type': 'CAMClassifier',
        'backbone': backbone(amm, **changes),
        'head': {
            'type': 'CAMHead',
            'in_channels': 128,
            'num_classes': NUM_CLASSES,
        },
    }


def amr(amm: dict = AMM, **changes) -> dict:
    """An AMR of two such classifiers."""
    return {
        'type': 'AMR',
        'spotlight': branch(),
        'compensation': branch(amm),
        'loss_cps': {'type': 'CrossPseudoSupervisionLoss'},
        **changes,
    }


def seam(**changes) -> dict:
    """SEAM on a thin Wide-ResNet38, stride 8, with all of its losses."""
    return {
        'type': 'SEAM',
        'backbone': {
            'type': 'WideResNet38',
            'out_indices': (2, 3, 5),
            'width_divisor': 64,
            'norm_eval': False,
        },
        'head': {
            'type': 'CAMHead',
            'in_channels': 64,
            'num_classes': NUM_CLASSES,
        },
        'pcm': {
            'type': 'PixelCorrelation',
            'in_channels': (8, 16),
            'channels': (4, 6),
        },
        'view_scale': 0.5,
        'loss_min': {'type': 'AdaptiveMinPoolingLoss'},
        'loss_er': {'type': 'EquivariantRegularizationLoss'},
        'loss_ecr': {'type': 'EquivariantCrossRegularizationLoss'},
        **changes,
    }


def seam_amr(**changes) -> dict:
    """An AMR whose spotlight is that SEAM."""
    own = seam()
    compensation = {
        'type': 'CAMClassifier',
        'backbone': {
            'type': 'StageModulation',
            'backbone': own['backbone'],
            'stages': {'b4_5': 8, 'b7': 64},
        },
        'head': own['head'],
    }
    return amr(spotlight=own, compensation=compensation, **changes)


def build(config: dict, training: bool = True):
    """Build a model, set its weights and its mode."""
    model = MODELS.build(deepcopy(config))
    model.init_weights()
    model.train(training)  # mmseg's ResNet returns nothing here
    return model
