"""AMR for MMSegmentation: image-level weakly supervised segmentation.

Importing the package registers its parts (scope ``mmseg``); configs do so
with ``custom_imports = dict(imports=['projects.amr'])``.
"""

from . import openmp, quiet_imports  # noqa: F401, I001  in this order, first
from . import datasets, engine, evaluation, models
from .runtime import checkpoints

__version__ = '0.1.0'

__all__ = ['checkpoints', 'datasets', 'engine', 'evaluation', 'models']
