from .mean_probability_tta_model import MeanProbabilityTTAModel
from .multi_scale_loss_encoder_decoder import MultiScaleLossEncoderDecoder
from .rrm import RRM

__all__ = ['RRM', 'MeanProbabilityTTAModel', 'MultiScaleLossEncoderDecoder']
