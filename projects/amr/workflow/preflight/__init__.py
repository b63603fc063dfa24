from .check import check_splits
from .config_splits import config_splits
from .report import PreflightReport
from .scanner import Scanner
from .split import Source, SplitToCheck, folder_splits

__all__ = [
    'PreflightReport',
    'Scanner',
    'Source',
    'SplitToCheck',
    'check_splits',
    'config_splits',
    'folder_splits',
]
