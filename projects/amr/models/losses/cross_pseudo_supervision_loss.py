"""Cross pseudo supervision between two branches' CAMs, Eq. 11 of AMR.

Shape legend: N images, K classes, (h, w) map size.
"""

from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.ops import merge_flip, normalize_cam
from projects.amr.ops.precision import at_least_float32


def cross_pseudo_supervision(spotlight: Tensor, compensation: Tensor):
    """Mean absolute difference of two CAMs, Eq. 11.

    Paper: the L1 norm of ``M_S - M_C``, without saying how it is scaled.
    Here: the mean over all elements, so that it does not grow with the
    image, the classes or the batch (the released code takes the mean too).

    Args:
        spotlight (Tensor): Shape (N, K, h, w), real.
        compensation (Tensor): Same shape.

    Returns:
        Tensor: Scalar, at least 0; 0 for equal CAMs.

    Raises:
        ValueError: If the shapes differ.
    """
    if spotlight.shape != compensation.shape:
        raise ValueError(
            'the branches must give CAMs of one shape, got '
            f'{tuple(spotlight.shape)} and {tuple(compensation.shape)}: use '
            'backbones of the same output stride'
        )
    difference = at_least_float32(spotlight) - at_least_float32(compensation)
    return difference.abs().mean()


def pair_first_two(cam: Tensor) -> Tensor:
    """First map plus the mirrored second: (N, K, h, w) -> (1, K, h, w).

    Released code: an idiom of its inference (image and mirrored copy) used
    in training, where the two are different images; the rest of the batch
    does not count.

    Raises:
        ValueError: If there is only one image.
    """
    if len(cam) < 2:
        raise ValueError(
            "`pairing='first_two'` needs two images per device, got 1: raise "
            'train_dataloader.batch_size or set drop_last'
        )
    return merge_flip(cam[:2])


@MODELS.register_module()
class CrossPseudoSupervisionLoss(nn.Module):
    """Pulls the two branches' CAMs together, Eq. 11.

    Paper: between the CAMs of the same image, as Eq. 1 defines them,
    weight 1 (Eq. 12).
    Released code: rectified CAMs, first image plus mirrored second image of
    each device, weight 0.05: ``loss_weight=0.05, rectify=True,
    pairing='first_two'``.

    Args:
        loss_weight (float): Factor. Defaults to 1.0.
        rectify (bool): Whether CAMs pass a ReLU first. Defaults to False.
        normalize (bool): Whether each CAM is rectified and divided by its
            maximum first (not in the paper). Defaults to False.
        pairing (str): ``'same_image'`` or ``'first_two'``. Defaults to
            'same_image'.
        stop_gradient (str, optional): Branch that the loss does not move,
            ``'spotlight'`` or ``'compensation'`` (not in the paper).
            Defaults to None, both move.

    Raises:
        ValueError: If an option is unknown.
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        rectify: bool = False,
        normalize: bool = False,
        pairing: str = 'same_image',
        stop_gradient: str | None = None,
    ):
        super().__init__()
        if pairing not in ('same_image', 'first_two'):
            raise ValueError(
                "`pairing` must be 'same_image' or 'first_two', "
                f'got {pairing!r}'
            )
        if stop_gradient not in (None, 'spotlight', 'compensation'):
            raise ValueError(
                "`stop_gradient` must be None, 'spotlight' or "
                f"'compensation', got {stop_gradient!r}"
            )
        self.loss_weight = loss_weight
        self.rectify = rectify
        self.normalize = normalize
        self.pairing = pairing
        self.stop_gradient = stop_gradient

    def _prepare(self, cam: Tensor, branch: str) -> Tensor:
        """Apply the switches to one branch's CAM."""
        if self.stop_gradient == branch:
            cam = cam.detach()
        if self.normalize:
            cam = normalize_cam(cam)
        elif self.rectify:
            cam = cam.relu()
        return pair_first_two(cam) if self.pairing == 'first_two' else cam

    def forward(self, spotlight: Tensor, compensation: Tensor) -> Tensor:
        """Return the weighted loss of unrectified CAMs (N, K, h, w)."""
        return self.loss_weight * cross_pseudo_supervision(
            self._prepare(spotlight, 'spotlight'),
            self._prepare(compensation, 'compensation'),
        )
