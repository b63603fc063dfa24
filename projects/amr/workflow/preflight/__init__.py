from .check import check_splits
from .report import PreflightReport
from .splits import SplitToCheck, config_splits, folder_splits

__all__ = [
    'PreflightReport',
    'SplitToCheck',
    'check_splits',
    'config_splits',
    'folder_splits',
]
