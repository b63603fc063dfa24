"""CAM methods of the library ``grad-cam``, behind one registry entry.

Shape legend: see :mod:`projects.amr.models.cam_methods.cam_extractor`.
"""

import inspect
from collections.abc import Sequence
from operator import itemgetter
from types import ModuleType

import torch
from mmseg.registry import TASK_UTILS
from torch import Tensor, nn

from projects.amr.models.cam_methods.cam_extractor import (
    CAMExtractor,
    flat_views,
)
from projects.amr.ops import merge_views, pool_logits
from projects.amr.ops.checks import require
from projects.amr.ops.precision import full_precision
from projects.amr.runtime.config.optional_packages import import_optional


@TASK_UTILS.register_module()
class LibraryCAM(CAMExtractor):
    """Any method of ``grad-cam`` (jacobgil/pytorch-grad-cam).

    The library is an extra: ``pip install '.[cam]'``. It gives maps of the
    view's size, each stretched to its own range (minimum 0, maximum 1), in
    numpy: views and scales weigh the same before they are added, unlike
    with every other method here. ``test_cfg.fp16`` does not reach it.

    Note:
        The library asks for ``opencv-python-headless``, whose files replace
        those of ``opencv-python``; all that this project needs is in both.
        Who wants to keep the latter runs ``pip install --no-deps grad-cam
        ttach`` and ``pip install tqdm scikit-learn``. Uninstalling the
        headless one leaves neither: reinstall ``opencv-python`` then.

    Args:
        method (str): Class of the library, such as ``'GradCAM'``,
            ``'HiResCAM'``, ``'LayerCAM'``, ``'GradCAMPlusPlus'``.
        layers (Sequence[str]): Dotted names of modules in each branch that
            return one tensor. Defaults to ('backbone.layer4',).
        method_cfg (dict, optional): Further arguments of the library's
            class. Defaults to None.

    Raises:
        MissingDependencyError: If the library is not installed.
        ValueError: If it has no such method.
    """

    def __init__(
        self,
        method: str,
        layers: Sequence[str] = ('backbone.layer4',),
        method_cfg: dict | None = None,
    ):
        available = library_methods(import_optional('pytorch_grad_cam'))
        rule = f'one of {sorted(available)}'
        require(method in available, 'method', method, rule)
        self.method = available[method]
        self.layers = tuple(layers)
        self.method_cfg = method_cfg or {}

    def __call__(self, branch, views, classes, scale_index):
        """Merged maps (M, H, W) of items, see :class:`CAMExtractor`."""
        flat = flat_views(views).detach().requires_grad_()
        targets = [itemgetter(k) for _ in views for k in classes.tolist()]
        layers = [branch.get_submodule(name) for name in self.layers]
        cam = self.method(_LogitModel(branch), layers, **self.method_cfg)
        try:
            # It computes in numpy, which has no bfloat16, and powers of
            # gradients, which are 0 in float16.
            with full_precision(views.device):
                maps = cam(input_tensor=flat, targets=targets)
        finally:
            release_hooks(cam)
        maps = torch.as_tensor(maps, dtype=torch.float32, device=views.device)
        return merge_views(maps.unflatten(0, views.shape[:2]))


def library_methods(library: ModuleType) -> dict[str, type]:
    """CAM classes of the library by name: those that take layers."""
    base = library.base_cam.BaseCAM
    return {
        name: value
        for name, value in vars(library).items()
        if inspect.isclass(value)
        and (
            issubclass(value, base)
            or 'base_method' in inspect.signature(value).parameters
        )
    }


def release_hooks(cam) -> None:
    """Take a method's hooks off the network at once."""
    parts = [cam, getattr(cam, 'base_cam', None)]
    parts += getattr(cam, 'base_cam_per_layer', [])
    for part in parts:
        if hasattr(part, 'activations_and_grads'):
            part.activations_and_grads.release()


class _LogitModel(nn.Module):
    """A branch as the library wants it: images in, logits (N, K) out."""

    def __init__(self, branch: nn.Module):
        super().__init__()
        self.branch = branch

    def forward(self, images: Tensor) -> Tensor:
        if not images.requires_grad:  # some methods cut their own patches
            images = images.detach().requires_grad_()
        return pool_logits(self.branch.forward_cam(images))

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Leave gradients alone: parameters are frozen here."""

    def train(self, mode: bool = True):
        """Leave the branch's mode alone: the caller has set it."""
        return self
