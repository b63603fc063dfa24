"""MCTformer+: one class token for each class, arXiv:2308.03005."""

import torch
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.attention_recording import recorded_attention
from projects.amr.models.classifiers.base_cam_classifier import weak_labels
from projects.amr.models.classifiers.cam_classifier import CAMClassifier
from projects.amr.ops.attention_affinity import refine_by_attention
from projects.amr.ops.attention_cam import (
    class_attention,
    class_token_contrast,
    rank_pool,
)
from projects.amr.ops.cam import stretch_cam


@MODELS.register_module()
class MCTformerPlus(CAMClassifier):
    r"""Class tokens and patch tokens of a vision transformer, both scored.

    The score of a class is the mean of its token's channels; a second one is
    its patch map, pooled by rank. In the test the map of a view is

    .. math:: M = W \sqrt{A \cdot \mathrm{ReLU}(P)}

    of the class tokens' attention A to the patches, the patch map P and the
    attention W between patches. Views are added, and each map is stretched
    to [0, 1].

    Losses: ``loss_cls`` and ``loss_patch``, the classification loss of both
    scores, and ``loss_contrast``, :func:`class_token_contrast`.

    Not known, guesses: whether the test's scores are those of the class
    tokens, of the patches or, as here, the mean of both logits; whether the
    head has a bias (here: none).

    Args:
        backbone (dict): Config of a :class:`TimmViT`; it gets as many class
            tokens as there are classes.
        head (dict): Config of the patch map's :class:`CAMHead`, whose
            ``kernel_size`` is 3 in the released code.
        fuse (bool): Whether A counts; a user's advice is to leave it out
            where it misleads. Defaults to True.
        affinity (bool): Whether W counts. Defaults to True.
        **kwargs: Of :class:`CAMClassifier`.
    """

    refines = True

    def __init__(
        self,
        backbone: dict,
        head: dict,
        fuse: bool = True,
        affinity: bool = True,
        **kwargs,
    ):
        tokens = {'num_class_tokens': head['num_classes']}
        super().__init__({**backbone, **tokens}, head, **kwargs)
        self.fuse = fuse
        self.affinity = affinity

    def train_cams(self, inputs, data_samples, detach=False):
        """Three losses and the unrectified patch map, see the base class."""
        labels = weak_labels(data_samples, inputs.device)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not detach):
            tokens = self.backbone.tokens(inputs)
        cam = self.head((tokens.patches,))
        scored = cam.detach() if detach else cam
        return {
            'loss_cls': self.loss_cls(token_logits(tokens.classes), labels),
            'loss_patch': self.loss_cls(rank_pool(scored), labels),
            'loss_contrast': class_token_contrast(
                tokens.block_classes, labels
            ),
        }, cam

    def view_cam(self, inputs):
        """Refined map and logits of views, see the base class."""
        with recorded_attention(self.backbone) as attentions:
            tokens = self.backbone.tokens(inputs)
        patch = self.head((tokens.patches,)).float()
        cam = patch.relu()
        if self.fuse:
            own = class_attention(attentions, tuple(cam.shape[-2:]))
            cam = (own * cam).sqrt()
        if self.affinity:
            cam = refine_by_attention(cam, attentions, 'mctformer')
        return cam, (token_logits(tokens.classes) + rank_pool(patch)) / 2

    def finish_cam(self, cam: Tensor) -> Tensor:
        """Merged maps (k, h', w') stretched to [0, 1] (released code)."""
        return stretch_cam(cam)


def token_logits(tokens: Tensor) -> Tensor:
    """Class logits (N, K): means over the channels of tokens (N, K, C)."""
    return tokens.float().mean(-1)
