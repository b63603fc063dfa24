"""BatchNorm folded into the convolution before it, for testing.

In eval mode BatchNorm is a fixed affine map of each channel, and so can be
multiplied into the weights of the convolution whose output it takes. mmcv's
``fuse_conv_bn`` pairs layers by the order of their definition, which folds
the last BatchNorm of a pre-activation network into its stem, and folds norms
that stay in training mode. Here a pair is taken from the traced data flow.
"""

from collections import Counter
from collections.abc import Iterator
from inspect import signature
from typing import NamedTuple

from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils import fuse_conv_bn_eval


class Replaced(NamedTuple):
    """A layer that was taken out of a model.

    Args:
        parent (nn.Module): The module that holds it.
        name (str): Its name there.
        layer (nn.Module): The layer itself, unchanged.
    """

    parent: nn.Module
    name: str
    layer: nn.Module


class _Shallow(fx.Tracer):
    """Traces one module's own forward, no other module's."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Every module that is called stays a call."""
        return True


def fuse_conv_bn(model: nn.Module) -> list[Replaced]:
    """Fold BatchNorms into convolutions, in place, until :func:`unfuse`.

    A pair is folded where the BatchNorm alone takes what the convolution
    gives, as a trace of the ``forward`` of the module that holds both shows.
    Left alone are norms in training mode or without running statistics,
    layers that occur more than once, layers with hooks, convolutions and
    norms with a forward of their own (timm's norms, which also activate), and
    modules whose forward cannot be traced or takes more than one argument.
    Outputs change by rounding only; the keys of the state dict change.

    Example:
        >>> model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
        >>> taken = fuse_conv_bn(model.eval())
        >>> model[1]
        Identity()
        >>> unfuse(taken)
        >>> type(model[1]).__name__
        'BatchNorm2d'
    """
    modules = model.named_modules(remove_duplicate=False)
    seen = Counter(id(module) for _, module in modules)
    taken: list[Replaced] = []
    for holder in list(model.modules()):
        for conv_name, norm_name in _pairs(holder):
            conv, norm = (
                holder.get_submodule(n) for n in (conv_name, norm_name)
            )
            if seen[id(conv)] == seen[id(norm)] == 1:
                fused = fuse_conv_bn_eval(conv, norm)
                taken.append(_replace(holder, conv_name, fused))
                taken.append(_replace(holder, norm_name, nn.Identity()))
    return taken


def unfuse(taken: list[Replaced]) -> None:
    """Put layers back, in place."""
    for parent, name, layer in taken:
        setattr(parent, name, layer)


def _replace(holder: nn.Module, path: str, layer: nn.Module) -> Replaced:
    """Put a layer in another's place."""
    parent_path, _, name = path.rpartition('.')
    parent = holder.get_submodule(parent_path)
    before = getattr(parent, name)
    setattr(parent, name, layer)
    return Replaced(parent, name, before)


def _pairs(holder: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of the convolutions and norms that may become one layer."""
    if not any(_foldable_norm(child) for child in holder.children()):
        return
    # An argument left out might steer the data elsewhere than the trace.
    if len(signature(holder.forward).parameters) != 1:
        return
    try:
        graph = _Shallow().trace(holder)
    except Exception:  # whatever a forward does to a proxy
        return
    calls = [node for node in graph.nodes if node.op == 'call_module']
    times = Counter(node.target for node in calls)
    for node in calls:
        before = node.args[0] if node.args else None
        if (
            _foldable_norm(holder.get_submodule(node.target))
            and before in calls
            and len(before.users) == 1
            and _foldable_conv(holder.get_submodule(before.target))
            and times[node.target] == times[before.target] == 1
        ):
            yield before.target, node.target


def _foldable_norm(layer: nn.Module) -> bool:
    """Return whether a layer is a BatchNorm by fixed statistics."""
    return (
        type(layer).forward is _BatchNorm.forward
        and not layer.training
        and layer.running_mean is not None
        and not _has_hooks(layer)
    )


def _foldable_conv(layer: nn.Module) -> bool:
    """Return whether a layer is a convolution as torch makes it."""
    return type(layer) is nn.Conv2d and not _has_hooks(layer)


def _has_hooks(layer: nn.Module) -> bool:
    """Return whether something listens to a layer's calls."""
    return bool(layer._forward_hooks or layer._forward_pre_hooks)
