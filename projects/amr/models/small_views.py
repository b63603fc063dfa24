"""Views that a backbone cannot take, because they are too small for it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from projects.amr.errors import UserError

LARGEST_TRIED = 512
"""Pixels: a side at which every backbone is expected to work."""

# How torch says that nothing is left for a convolution or for a pooling.
_SIGNS = (
    "can't be greater than actual input size",
    'Output size is too small',
)


class SmallViewError(UserError):
    """A view is smaller than a backbone can take.

    Args:
        size (tuple[int, int]): (H, W) of the view.
        side (int, optional): Shortest side that the backbone takes, None if
            it is not known.
        image (str): The image that the view is of. Defaults to ''.
    """

    def __init__(
        self, size: tuple[int, int], side: int | None, image: str = ''
    ):
        self.size, self.side = size, side
        rule = 'takes no image as small as this'
        if side is not None:
            rule = f'needs {side} pixels on each side'
        super().__init__(
            f'{image and f"{image}: "}view of (H, W) {size}, but the backbone '
            f'{rule}. Leave out the small scales (model.test_cfg.scales, '
            'model.val_cfg.scales; as (1.0, 1.5)), '
            'or use larger images (or crops, in a training)'
        )


def features_of_views(
    backbone: nn.Module, views: Tensor
) -> tuple[Tensor, ...]:
    """Run a backbone; a view that is too small for it is named.

    Raises:
        SmallViewError: If a side is too short; which one would do is found
            by trying.
    """
    try:
        return backbone(views)
    except RuntimeError as error:
        if not any(sign in str(error) for sign in _SIGNS):
            raise
    size = tuple(views.shape[-2:])
    raise SmallViewError(size, shortest_side(backbone, views))


@torch.no_grad()
def shortest_side(backbone: nn.Module, like: Tensor) -> int | None:
    """Side of the smallest square that a backbone takes, by bisection.

    What takes a square takes a larger one. None if even
    :data:`LARGEST_TRIED` pixels are too few.
    """

    def works(side: int) -> bool:
        try:
            backbone(like.new_zeros(1, like.shape[1], side, side))
        except (RuntimeError, ValueError):
            return False
        return True

    low, high = 0, LARGEST_TRIED
    if not works(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if works(middle):
            high = middle
        else:
            low = middle
    return high


@contextmanager
def image_named(
    images: Sequence[Tensor], samples: Sequence, scales: Sequence[float]
) -> Iterator[None]:
    """Add to a :class:`SmallViewError` of the block which image it is."""
    try:
        yield
    except SmallViewError as error:
        sizes = [tuple(image.shape[-2:]) for image in images]
        index = _image_of(error.size, sizes, scales)
        sample = samples[index]
        name = sample.get('img_path') or sample.get('img_id') or 'image'
        raise SmallViewError(
            error.size, error.side, f'{name} of (H, W) {sizes[index]}'
        ) from None


def _image_of(view: tuple, sizes: list[tuple], scales) -> int:
    """Which image a view is of; where that is not clear, the smallest."""

    def rank(index: int) -> tuple:
        views = [tuple(round(s * n) for n in sizes[index]) for s in scales]
        return view not in views, min(sizes[index])

    return min(range(len(sizes)), key=rank)
