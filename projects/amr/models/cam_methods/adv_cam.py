"""AdvCAM: CAMs of images that climb towards a class (CVPR 2021)."""

from collections.abc import Sequence

import torch
from mmseg.registry import TASK_UTILS
from torch import Tensor

from projects.amr.models.cam_methods.cam_extractor import (
    CAMExtractor,
    flat_views,
)
from projects.amr.ops.adversarial_climbing import (
    REDUCTIONS,
    climb_step,
    climbing_objective,
    target_maps,
    value_range,
)
from projects.amr.ops.checks import require
from projects.amr.ops.precision import gradient_through


@TASK_UTILS.register_module()
class AdvCAM(CAMExtractor):
    r"""Sum of CAMs while the image is moved towards the class.

    Anti-adversarial climbing (Lee, Kim and Yoon, "Anti-Adversarially
    Manipulated Attributions for Weakly and Semi-Supervised Semantic
    Segmentation", CVPR 2021). For each labelled class, scale and branch the
    image takes ``num_steps`` steps

    .. math::
        x_{t+1} = x_t + s \, g_t / \max |g_t|, \quad
        g_t = \nabla_x \Big( y_c - \sum_{k \ne c} y_k
              - \lambda L_{AD} \Big),

    within its own range of values, and the rectified CAMs of x_0 to x_T are
    added. L_AD holds what already tells the class, see
    :func:`projects.amr.ops.adversarial_climbing.discriminative_change`. An
    image and its mirrored copy climb together: one objective, one largest
    gradient.

    The branches of a classifier climb apart, each on its own gradient, and
    are then normalised and combined as usual (release of AMR). Classes and
    images are batched; an item's result does not depend on the others, as
    long as the network treats the images of a batch apart (the released
    AMM's batch statistics do not: set ``max_batch=1``, which leaves an
    item's two views, as released).

    Paper: CAMs of x_0 to x_T are added.
    Released code (AdvCAM and AMR): T counts passes, so that the last of its
    T images is never seen: 27 there is ``num_steps=26`` here, 13 is 12.
    Logits are means of rectified CAMs (``rectify_logits=True``). Maps and
    L_AD are of a Grad-CAM whose weights are averaged over the positive
    entries of the gradient (``ad_reduction='positive'``,
    :func:`projects.amr.ops.adversarial_climbing.positive_grad_cam`): L_AD is
    a sum over the CAM divided by about 2,048 on ResNet-50, twice the number
    of the class's positive weights. The range is that of the image of the
    step before. A factor of 2 meant for the smallest scale, which has half
    the steps, stays for all scales and so cancels.
    Here: L_AD is on the Grad-CAM of the pooled logit, which is the CAM
    divided by the number of positions (``ad_reduction='mean'``). Of an image
    of 375 x 500 at stride 16 these are 768, at scale 0.5 192: L_AD weighs 2.7
    and 10.7 times as much as released. The range is that of the image at the
    start. No scale has a factor. A classifier that refines its CAM
    (``refines``, as SEAM) climbs on the CAM, whose mean is the logit, and has
    the refined maps added.

    Args:
        num_steps (int | Sequence[int]): Steps T, for all scales or one for
            each of them. Defaults to 27.
        step_size (float): Largest change of a value in a step, in units of
            the normalised image. Defaults to 0.08.
        ad_weight (float): Weight of L_AD. Defaults to 7.
        ad_thr (float): Normalised CAM above which L_AD counts, in [0, 1].
            Defaults to 0.5.
        ad_reduction (str): ``'mean'`` or ``'sum'`` over positions of the
            CAM, or ``'positive'``, the sum over the released code's Grad-CAM,
            which the item's map then also is; it takes the weights of the
            branch's :class:`CAMHead`. The sum of the CAM outweighs the
            logits by the number of positions. Defaults to 'mean'.
        rectify_logits (bool): Whether logits are means of rectified CAMs.
            Defaults to False.

    Raises:
        ValueError: If a value is out of range.
    """

    def __init__(
        self,
        num_steps: int | Sequence[int] = 27,
        step_size: float = 0.08,
        ad_weight: float = 7.0,
        ad_thr: float = 0.5,
        ad_reduction: str = 'mean',
        rectify_logits: bool = False,
    ):
        steps = (num_steps,) if isinstance(num_steps, int) else num_steps
        fits = steps and min(steps) >= 0
        require(fits, 'num_steps', num_steps, 'counts of at least 0')
        require(step_size > 0, 'step_size', step_size, 'positive')
        require(0 <= ad_thr <= 1, 'ad_thr', ad_thr, 'within [0, 1]')
        fits, rule = ad_reduction in REDUCTIONS, f'one of {REDUCTIONS}'
        require(fits, 'ad_reduction', ad_reduction, rule)
        self.num_steps = num_steps
        self.step_size = step_size
        self.objective = {
            'ad_weight': ad_weight,
            'ad_thr': ad_thr,
            'reduction': ad_reduction,
            'rectify_logits': rectify_logits,
        }

    def check_scales(self, scales):
        """Refuse ``num_steps`` of another length, see the base class."""
        steps, count = self.num_steps, len(scales)
        fits = isinstance(steps, int) or len(steps) == count
        rule = f'a count, or one for each of the {count} scales'
        require(fits, 'num_steps', steps, rule)

    def __call__(self, branch, views, classes, scale_index):
        """Sum of the maps on the way, see :class:`CAMExtractor`."""
        steps = self.num_steps
        if not isinstance(steps, int):
            steps = steps[scale_index]
        # Of the image at the start; released: of the step before.
        low, high = value_range(views)
        positive = self._num_positive(branch, classes)
        initial, total = None, 0.0
        for _ in range(steps):
            views = views.detach().requires_grad_()
            cam = self.branch_cam(branch, views)
            total = total + self._maps(branch, views, cam, classes, positive)
            if initial is None:
                # What L_AD holds: the map of the unchanged image.
                initial = target_maps(cam.detach(), classes, positive)
            raised = climbing_objective(
                cam, initial, classes, num_positive=positive, **self.objective
            )
            gradient = gradient_through(raised, cam, views)
            views = climb_step(
                views.detach(), gradient, low, high, self.step_size
            )
        with torch.no_grad():
            cam = self.branch_cam(branch, views)
        return total + self._maps(branch, views, cam, classes, positive)

    def _num_positive(self, branch, classes) -> Tensor | None:
        """Positive weights (M,) of the items' classes, where they count."""
        if self.objective['reduction'] != 'positive':
            return None
        return branch.head.positive_weights()[classes]

    @torch.no_grad()
    def _maps(self, branch, views, cam, classes, positive) -> Tensor:
        """Merged maps (M, h, w) as the classifier shows them."""
        if not branch.refines:
            return target_maps(cam, classes, positive)
        shown, _ = branch.view_cam(flat_views(views))
        cam = shown.float().unflatten(0, views.shape[:2])
        return target_maps(cam, classes)
