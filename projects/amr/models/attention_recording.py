"""Attention weights of a vision transformer's blocks, while it runs.

Shape legend: N images, M heads, T tokens.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from torch import Tensor, nn


@contextmanager
def recorded_attention(model: nn.Module) -> Iterator[list[Tensor]]:
    """Record the attention of each block of the passes inside.

    Known are the blocks of timm's and of mmpretrain's plain vision
    transformers, at any depth of the model. The list is filled by the pass,
    one a block in order: mean over heads, without gradient, in [0, 1], shape
    (N, 1, T, T).

    Raises:
        ValueError: If the model has no such block.
    """
    found: list[Tensor] = []
    with ExitStack() as stack:
        count = 0
        for module in model.modules():
            for kind in (_timm_block, _mmpretrain_block):
                count += kind(module, found, stack)
        if not count:
            raise ValueError(
                f'{type(model).__name__} has no attention to read: `backbone` '
                "must be a vision transformer, such as type='TimmViT' or "
                "type='mmpretrain.VisionTransformer'"
            )
        yield found


def _keep(found: list[Tensor], weights: Tensor) -> None:
    """Keep the mean over heads: all of them are M times as large."""
    found.append(weights.detach().float().mean(1, keepdim=True))


def _timm_block(module: nn.Module, found: list, stack: ExitStack) -> bool:
    """Let timm's attention compute its weights openly, and read them."""
    if not isinstance(getattr(module, 'attn_drop', None), nn.Module):
        return False
    if not hasattr(module, 'fused_attn'):
        return False
    handle = module.attn_drop.register_forward_hook(
        lambda _, inputs, __: _keep(found, inputs[0])
    )
    stack.callback(handle.remove)
    stack.callback(setattr, module, 'fused_attn', module.fused_attn)
    module.fused_attn = False
    return True


def _mmpretrain_block(module, found: list, stack: ExitStack) -> bool:
    """Read the weights beside mmpretrain's fused attention."""
    own = getattr(module, 'scaled_dot_product_attention', None)
    if own is None:
        return False
    stack.callback(setattr, module, 'scaled_dot_product_attention', own)
    keywords = own.keywords if isinstance(own, partial) else {}

    def recorded(query, key, value, **options):
        scale = keywords.get('scale') or query.shape[-1] ** -0.5
        _keep(found, (scale * query @ key.transpose(-2, -1)).softmax(-1))
        return own(query, key, value, **options)

    module.scaled_dot_product_attention = recorded
    return True
