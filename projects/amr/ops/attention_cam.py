r"""Maps, scores and losses of a vision transformer's tokens.

Pure functions of MCTformer+ (arXiv:2203.02891 and its journal version) and
CLIP-ES (arXiv:2212.09506).

Shape legend: N images, K foreground classes, (h, w) patches, C channels, T
tokens, M heads, D background texts.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from projects.amr.ops.attention_affinity import mean_attention
from projects.amr.ops.cam import stretch_cam
from projects.amr.ops.precision import at_least_float32, full_precision


def rank_pool(cam: Tensor) -> Tensor:
    r"""MCTformer+'s patch scores (N, K) of maps (N, K, h, w), by rank.

    .. math:: y = \sum_r d^r v_r / \sum_r d^r, \quad v_0 \ge v_1 \ge \dots

    with d = 0.996 (released code), between the maximum (0) and the mean (1).
    They are at least float32.
    """
    values = at_least_float32(cam).flatten(2).sort(-1, descending=True)[0]
    ranks = torch.arange(values.shape[-1], device=cam.device)
    weights = 0.996 ** ranks.to(values)
    return (values * weights).sum(-1) / weights.sum()


def class_attention(
    attentions: Sequence[Tensor], size: tuple[int, int]
) -> Tensor:
    """Attention of class tokens to patches: (N, K, h, w), in [0, 1].

    The mean over all blocks, each (N, M, T, T) after the softmax, and heads;
    all tokens before the h * w patches are class tokens.
    """
    first = attentions[-1].shape[-1] - size[0] * size[1]
    own = mean_attention(attentions)[:, :first, first:]
    return own.unflatten(2, size)


def class_token_contrast(tokens: Sequence[Tensor], labels: Tensor) -> Tensor:
    """MCTformer+'s contrast: the class tokens of an image differ.

    Cosines between an image's K class tokens are logits, without a
    temperature; each labelled class's token has to be most like itself. The
    cross entropy is the mean over labelled classes and blocks, at least
    float32; 0 of a batch without labels.

    Tokens of each block are (N, K, C), weak labels (N, K), 0 or 1.
    """
    own = torch.stack([at_least_float32(block) for block in tokens])
    own = F.normalize(own, dim=-1)
    with full_precision(own.device):
        cosines = own @ own.transpose(-2, -1)  # (blocks, N, K, K)
    losses = -cosines.log_softmax(-1).diagonal(dim1=-2, dim2=-1).mean(0)
    labels = labels.to(losses)
    return (losses * labels).sum() / labels.sum().clamp(min=1)


def softmax_target(logits: Tensor, labelled: Tensor) -> Tensor:
    """CLIP-ES's class probabilities: among labelled classes and background.

    The softmax lowers what look-alike classes or the background share. Of
    logits (N, K + D), the classes first, and ``labelled``, bool (N, K), it
    makes (N, K) in [0, 1], 0 where not labelled.

    Example:
        >>> logits = torch.tensor([[1.0, 9.0, 1.0]])
        >>> softmax_target(logits, torch.tensor([[True, False]])).tolist()
        [[0.5, 0.0]]
    """
    others = logits.shape[1] - labelled.shape[1]
    taken = F.pad(labelled, (0, others), value=True)
    masked = at_least_float32(logits).masked_fill(~taken, -torch.inf)
    # An image without labels and background has no softmax.
    masked = masked.masked_fill(~taken.any(1, keepdim=True), 0)
    return masked.softmax(1)[:, : labelled.shape[1]] * labelled


def token_grad_cam(
    tokens: Tensor, gradient: Tensor, size: tuple[int, int]
) -> Tensor:
    """Grad-CAM (N, h, w) of patch tokens, stretched to [0, 1] as in CLIP-ES.

    Of tokens (N, T, C), of which the last h * w are the patches, and the
    gradient of a score with regard to them: channels weighted by the spatial
    mean of their gradient, rectified, see :func:`stretch_cam`.
    """
    patches = size[0] * size[1]
    weights = gradient[:, -patches:].mean(1)
    cam = torch.einsum('ntc,nc->nt', tokens[:, -patches:], weights)
    # Gradients of a probability are small, so no span counts as 0.
    return stretch_cam(cam.unflatten(1, size), eps=0.0)
