"""AMR: activation modulation and recalibration, arXiv:2112.08996."""

from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.backbones import share_first_pass
from projects.amr.models.classifiers.base_cam_classifier import (
    BaseCAMClassifier,
    weak_labels,
)
from projects.amr.models.classifiers.cam_classifier import CAMClassifier
from projects.amr.ops import erase_peaks, weighted_cam
from projects.amr.ops.checks import require


@MODELS.register_module()
class AMR(BaseCAMClassifier):
    """Spotlight and compensation classifier, recalibrating each other.

    Both branches are classifiers of their own, given by config: any
    :class:`CAMClassifier` will do. What makes the compensation branch
    one is the attention modulation module in its backbone (as a plugin or
    by :class:`StageModulation`); without it, it is the control "two
    networks".

    Losses (Eq. 9-12): ``loss_spotlight`` and ``loss_compensation``, each
    times ``cls_weight``, and ``loss_cps``. Further losses of a branch (SEAM,
    say) come as ``loss_<branch>_<name>``.

    Maps: ``spotlight``, ``compensation`` and ``weighted`` (Eq. 2, the final
    one). Where a branch refines its CAM (SEAM), Eq. 2 takes the refined map
    and Eq. 11 the CAM before; which ones is not in the paper.

    A step does no work twice: each branch passes its images once, for its
    loss and for ``loss_cps``, and a fixed one leaves no graph. Frozen parts
    of an :class:`EfficientNetLite` that are the same in both branches pass
    the images once (:func:`share_first_pass`); of two ResNet-50s such a stem
    would be 0.6 % of a step.

    Paper: joint training; Eq. 2 is written on CAMs whose normalisation is
    not stated.
    Released code: the spotlight is a trained classifier whose features and
    logits are detached (``detach_spotlight=True``); CAMs are normalised
    before they are weighted.
    Here: normalised before they are weighted, always.

    Args:
        spotlight (dict): Config of the spotlight classifier.
        compensation (dict): Config of the compensation classifier.
        xi (float): Recalibration coefficient of Eq. 2, the spotlight's
            share, in [0, 1]. Defaults to 0.5 (Table 5).
        cls_weight (float): Weight of each branch's own losses. Defaults to
            0.5 (Eq. 10).
        loss_cps (dict, optional): Loss between the branches' CAMs, Eq. 11;
            None leaves it out (Table 3). Defaults to None.
        detach_spotlight (bool): Whether the spotlight is fixed but for its
            head, which ``loss_cps`` moves. Statistics of BatchNorm follow the
            backbone's own ``norm_eval`` (True in the release preset).
            Defaults to False.
        erase_thr (float, optional): Beyond the paper: in training the
            compensation branch sees the image without what the spotlight's
            CAM finds above this threshold, see :func:`erase_peaks`, and so
            must find something else. Goes with ``loss_cps=None``, which
            would compare maps of two images. Defaults to None: both see the
            same image.
        **kwargs: See :class:`BaseCAMClassifier`.

    Raises:
        ValueError: If the branches have different class counts, ``xi`` or
            ``erase_thr`` is outside [0, 1], or ``erase_thr`` comes with
            ``loss_cps``.
    """

    maps = ('spotlight', 'compensation', 'weighted')

    def __init__(
        self,
        spotlight: dict,
        compensation: dict,
        xi: float = 0.5,
        cls_weight: float = 0.5,
        loss_cps: dict | None = None,
        detach_spotlight: bool = False,
        erase_thr: float | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        require(0 <= xi <= 1, 'xi', xi, 'within [0, 1]')
        self.spotlight = MODELS.build(spotlight)
        self.compensation = MODELS.build(compensation)
        if self.spotlight.num_classes != self.compensation.num_classes:
            raise ValueError(
                'the branches must have the same classes, got '
                f'{self.spotlight.num_classes} (spotlight) and '
                f'{self.compensation.num_classes} (compensation)'
            )
        fits = erase_thr is None or 0 <= erase_thr <= 1
        require(fits, 'erase_thr', erase_thr, 'within [0, 1]')
        if erase_thr is not None and loss_cps:
            raise ValueError(
                '`erase_thr` shows the branches different images: set '
                '`loss_cps=None`'
            )
        self.erase_thr = erase_thr
        self.xi = xi
        self.cls_weight = cls_weight
        self.loss_cps = MODELS.build(loss_cps) if loss_cps else None
        self.detach_spotlight = detach_spotlight
        if detach_spotlight:
            self._freeze_spotlight()
        share_first_pass(self.spotlight, self.compensation)

    def _freeze_spotlight(self) -> None:
        """Leave only the head of the spotlight to train."""
        head = {id(p) for p in self.spotlight.head.parameters()}
        for parameter in self.spotlight.parameters():
            # Without loss_cps nothing reaches the head either.
            parameter.requires_grad_(
                id(parameter) in head and self.loss_cps is not None
            )

    @property
    def num_classes(self) -> int:
        """Number of foreground classes."""
        return self.spotlight.num_classes

    def branches(self) -> dict[str, CAMClassifier]:
        """Return the spotlight and the compensation classifier."""
        return {
            'spotlight': self.spotlight,
            'compensation': self.compensation,
        }

    def loss(self, inputs, data_samples):
        """Losses of Eq. 12, see the base class."""
        labels = weak_labels(data_samples, inputs.device)
        losses, spotlight = self._train_branch(
            'spotlight', inputs, data_samples, detach=self.detach_spotlight
        )
        if self.erase_thr is not None:
            # After the spotlight has seen the whole image.
            inputs = erase_peaks(inputs, spotlight, labels, self.erase_thr)
        others, compensation = self._train_branch(
            'compensation', inputs, data_samples
        )
        losses |= others
        if self.loss_cps is not None:  # Eq. 11
            losses['loss_cps'] = self.loss_cps(spotlight, compensation, labels)
        return losses

    def _train_branch(self, name: str, inputs, data_samples, detach=False):
        """Weighted losses of a branch, by name (Eq. 10), and its CAM."""
        branch = self.branches()[name]
        losses, cam = branch.train_cams(inputs, data_samples, detach)
        renamed = {
            key.replace('loss', f'loss_{name}', 1).removesuffix('_cls'): (
                self.cls_weight * value
            )
            for key, value in losses.items()
        }
        return renamed, cam

    def combine(self, cams: dict[str, Tensor]) -> dict[str, Tensor]:
        """Both finished maps and the weighted one (Eq. 2), (k, h', w')."""
        spotlight = self.spotlight.finish_cam(cams['spotlight'])
        compensation = self.compensation.finish_cam(cams['compensation'])
        return {
            'spotlight': spotlight,
            'compensation': compensation,
            'weighted': weighted_cam(spotlight, compensation, self.xi),
        }
