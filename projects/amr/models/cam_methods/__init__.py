from .multi_scale_cam import CAMPrediction, MultiScaleCAM

__all__ = ['CAMPrediction', 'MultiScaleCAM']
