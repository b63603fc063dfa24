from .shallow_resnet import ShallowResNet
from .stage_modulation import StageModulation

__all__ = ['ShallowResNet', 'StageModulation']
