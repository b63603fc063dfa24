"""Cross pseudo supervision between two branches' CAMs, Eq. 11 of AMR.

Shape legend: N images, K classes, (h, w) map size.
"""

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.ops import merge_flip, normalize_cam
from projects.amr.ops.checks import require
from projects.amr.ops.precision import at_least_float32

BRANCHES = ('spotlight', 'compensation')


def cross_pseudo_supervision(
    spotlight: Tensor,
    compensation: Tensor,
    labels: Tensor | None = None,
    beta: float = 0.0,
) -> Tensor:
    """Mean absolute difference of two CAMs, Eq. 11.

    Paper: the L1 norm of ``M_S - M_C``, without saying how it is scaled.
    Released code: the mean, which does not grow with map, classes or batch.

    Args:
        spotlight (Tensor): Shape (N, K, h, w), real.
        compensation (Tensor): Same shape.
        labels (Tensor, optional): Weak labels (N, K) in {0, 1}: classes that
            an image has not are left out. Defaults to None: all classes.
        beta (float): Differences below this count squared (smooth L1), so
            that the pull fades with them. Defaults to 0: L1.

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
    difference = F.smooth_l1_loss(
        at_least_float32(spotlight),
        at_least_float32(compensation),
        reduction='none',
        beta=beta,
    )
    total, maps = difference.sum((-2, -1)), difference[0, 0].numel()
    if labels is None:
        return total.sum() / (total.numel() * maps)
    # Over the labelled maps of the batch; 1 where there is none.
    count = labels.sum().clamp(min=1)
    return (total * labels).sum() / (count * maps)


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

    Paper: between the CAMs of the same image, weight 1 (Eq. 12). It does
    not say whether they are raw (Eq. 1), rectified or normalised.
    Released code: rectified CAMs, first image plus mirrored second image of
    each device, weight 0.05: ``loss_weight=0.05, rectify=True,
    pairing='first_two'``.

    Args:
        loss_weight (float): Factor. Defaults to 1.0.
        rectify (bool): Whether CAMs pass a ReLU first. Defaults to False.
        normalize (bool): Whether each CAM is rectified and divided by its
            maximum first. Defaults to False.
        labelled_only (bool): Whether only the classes of an image's label
            count (not in the paper). Defaults to False.
        beta (float): See :func:`cross_pseudo_supervision` (not in the
            paper). Defaults to 0.0.
        pairing (str): ``'same_image'`` or ``'first_two'``. Defaults to
            'same_image'.
        stop_gradient (str, optional): Branch that the loss does not move,
            ``'spotlight'`` or ``'compensation'`` (not in the paper).
            Defaults to None, both move.

    Raises:
        ValueError: If an option is unknown or out of range, or
            ``labelled_only`` goes with pairs of different images.
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        rectify: bool = False,
        normalize: bool = False,
        labelled_only: bool = False,
        beta: float = 0.0,
        pairing: str = 'same_image',
        stop_gradient: str | None = None,
    ):
        super().__init__()
        for name, value, known in (
            ('pairing', pairing, ('same_image', 'first_two')),
            ('stop_gradient', stop_gradient, (None, *BRANCHES)),
        ):
            require(value in known, name, value, f'one of {known}')
        require(beta >= 0, 'beta', beta, 'at least 0')
        if labelled_only and pairing == 'first_two':
            raise ValueError(
                "`labelled_only` needs `pairing='same_image'`: two images "
                'have no common label'
            )
        self.loss_weight = loss_weight
        self.rectify = rectify
        self.normalize = normalize
        self.labelled_only = labelled_only
        self.beta = beta
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

    def forward(
        self,
        spotlight: Tensor,
        compensation: Tensor,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Weighted loss of the branches' unrectified CAMs (N, K, h, w).

        Weak ``labels`` (N, K) in {0, 1} are needed with ``labelled_only``.

        Raises:
            ValueError: If ``labelled_only`` is set and labels are missing.
        """
        if self.labelled_only and labels is None:
            raise ValueError('`labelled_only` needs the weak labels')
        return self.loss_weight * cross_pseudo_supervision(
            self._prepare(spotlight, 'spotlight'),
            self._prepare(compensation, 'compensation'),
            labels if self.labelled_only else None,
            self.beta,
        )
