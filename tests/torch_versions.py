"""What upstream's torch 2.1 cannot do, see constraints-upstream.txt."""

import pytest
import torch
from mmengine.utils import digit_version

needs_safe_globals = pytest.mark.skipif(
    not hasattr(torch.serialization, 'safe_globals'),
    reason='torch before 2.5 reads tensors and plain values alone',
)


def needs_torch_after_2_1(what: str):
    """Skip a test on torch 2.1 for a reason."""
    old = digit_version(torch.__version__) < digit_version('2.2')
    return pytest.mark.skipif(old, reason=f'torch 2.1: {what}')
