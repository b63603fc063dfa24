from .efficientnet_lite import EfficientNetLite, share_first_pass
from .resnet_with_stem import ResNetWithStem
from .shallow_resnet import ShallowResNet
from .stage_modulation import StageModulation
from .timm_vit import TimmViT
from .wide_resnet38 import WideResNet38

__all__ = [
    'EfficientNetLite',
    'ResNetWithStem',
    'ShallowResNet',
    'StageModulation',
    'TimmViT',
    'WideResNet38',
    'share_first_pass',
]
