"""Views that a backbone cannot take, because they are too small for it."""

from collections.abc import Sequence

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
        what (str): The view, or the image that it is of.
    """

    def __init__(self, what: str):
        super().__init__(
            f'{what}: the backbone takes no view as small as this. Leave out '
            'the small scales (model.test_cfg.scales, model.val_cfg.scales; '
            'as (1.0, 1.5)), or use larger images (or crops, in a training)'
        )

    @classmethod
    def of_smallest(
        cls, images: Sequence[Tensor], samples: Sequence, scales
    ) -> 'SmallViewError':
        """Name the image with the shortest side: it is among the too small."""
        index = min(
            range(len(images)), key=lambda i: min(images[i].shape[-2:])
        )
        sample = samples[index]
        name = sample.get('img_path') or sample.get('img_id') or 'image'
        size = tuple(images[index].shape[-2:])
        return cls(f'{name} of (H, W) {size} at scale {min(scales):g}')


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
    raise SmallViewError(f'view of (H, W) {tuple(views.shape[-2:])}')
