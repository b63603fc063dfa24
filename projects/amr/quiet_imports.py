"""First import of the OpenMMLab stack, without what it prints each time.

The maintained packages print that an optional package is absent, and warn
that ``mmcv.ops`` is: nothing here needs either, and every tool's first lines
would be these.
"""

import warnings
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO

with warnings.catch_warnings(), redirect_stdout(StringIO()):
    warnings.filterwarnings('ignore', message='Fail to import')
    for name in ('mmseg.models', 'mmseg.datasets', 'mmpretrain.datasets'):
        import_module(name)
