from .attention_modulation import AttentionModulation
from .pixel_correlation import PixelCorrelation
from .region_suppression import RegionSuppression

__all__ = ['AttentionModulation', 'PixelCorrelation', 'RegionSuppression']
