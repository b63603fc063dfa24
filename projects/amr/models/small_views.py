"""Views that a backbone cannot take, because they are too small for it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn

from projects.amr.errors import UserError

# How torch says that nothing is left for a convolution or for a pooling.
_SIGNS = (
    "can't be greater than actual input size",
    'Output size is too small',
)


class SmallViewError(UserError):
    """A view is smaller than a backbone can take.

    Args:
        size (tuple[int, int]): (H, W) of the view.
        image (str): The image that the view is of. Defaults to ''.
    """

    def __init__(self, size: tuple[int, int], image: str = ''):
        self.size = size
        super().__init__(
            f'{image and f"{image}: "}view of (H, W) {size}, but the backbone '
            'takes no image as small as this. Leave out the small scales '
            '(model.test_cfg.scales, model.val_cfg.scales; as (1.0, 1.5)), '
            'or use larger images (or crops, in a training)'
        )


def features_of_views(
    backbone: nn.Module, views: Tensor
) -> tuple[Tensor, ...]:
    """Run a backbone; a view that is too small for it is named.

    Raises:
        SmallViewError: If a side is too short.
    """
    try:
        return backbone(views)
    except RuntimeError as error:
        if not any(sign in str(error) for sign in _SIGNS):
            raise
    raise SmallViewError(tuple(views.shape[-2:]))


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
            error.size, f'{name} of (H, W) {sizes[index]}'
        ) from None


def _image_of(view: tuple, sizes: list[tuple], scales) -> int:
    """Which image a view is of; where that is not clear, the smallest."""

    def rank(index: int) -> tuple:
        views = [tuple(round(s * n) for n in sizes[index]) for s in scales]
        return view not in views, min(sizes[index])

    return min(range(len(sizes)), key=rank)
