from . import hooks
from .hooks import *  # noqa: F403  each hook, as mmengine does
from .mixed_precision import BFloat16OptimWrapper

__all__ = [*hooks.__all__, 'BFloat16OptimWrapper']  # noqa: PLE0604
