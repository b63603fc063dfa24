from .attention_modulation import AttentionModulation
from .pixel_correlation import PixelCorrelation

__all__ = ['AttentionModulation', 'PixelCorrelation']
