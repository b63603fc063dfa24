from .strict_loading import StrictPretrainedInit

__all__ = ['StrictPretrainedInit']
