"""What the AMMs of a trained AMR follow, and what they close.

Shape legend: C channels, (h, w) feature size.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import Tensor

from projects.amr.models.classifiers import AMR
from projects.amr.models.plugins import AttentionModulation
from projects.amr.ops import normalize_cam


@dataclass
class AMMFacts:
    """Facts of one AMM on one image and class; nan without such a part.

    The class score is the mean of the compensation branch's CAM (Eq. 1). A
    channel's share in it is gradient times feature, summed over positions. The
    spotlight is the spotlight branch's CAM of the class, normalised.
    """

    # Rank correlation of the attention (before the modulation) and the share
    # of channels: 1 if the most sensitive are the most discriminative.
    channel_share: float
    # That of the gate and the spotlight of positions: -1 if the gate closes
    # most where the spotlight is strongest.
    spatial_spotlight: float
    gate_mean: float  # of the last gate
    gate_deviation: float  # over its values


class AMMProbe:
    """Compares AMMs with what they should suppress: the discriminative.

    ``model`` is trained and in eval mode. Raises ValueError if its
    compensation branch has no AMM.
    """

    def __init__(self, model: AMR):
        self.model = model
        self.amms = {
            name: module
            for name, module in model.compensation.named_modules()
            if isinstance(module, AttentionModulation)
        }
        if not self.amms:
            raise ValueError('the compensation branch has no AMM')

    def __call__(self, image: Tensor, label: int) -> dict[str, AMMFacts]:
        """Facts by AMM of an image (3, H, W), normalised, and a class."""
        with torch.no_grad():
            cam = self.model.spotlight.forward_cam(image[None])[:, [label]]
        spotlight = normalize_cam(cam)
        with self._seen() as seen:
            images = image[None].requires_grad_()
            cam = self.model.compensation.forward_cam(images)[0, label]
            gradients = torch.autograd.grad(cam.mean(), [*seen.values()])
        return {
            name: _facts(self.amms[name], seen[name], gradient, spotlight)
            for name, gradient in zip(seen, gradients, strict=True)
        }

    @contextmanager
    def _seen(self):
        """Fill a dictionary with the features that come to each AMM."""
        seen = {}
        hooks = [
            module.register_forward_hook(
                lambda _, args, __, name=name: seen.update({name: args[0]})
            )
            for name, module in self.amms.items()
        ]
        try:
            yield seen
        finally:
            for hook in hooks:
                hook.remove()


@torch.no_grad()
def _facts(amm, features: Tensor, gradient: Tensor, spotlight) -> AMMFacts:
    """Facts of an AMM on features (1, C, h, w) and the score's gradient."""
    channel_share = spatial_spotlight = float('nan')
    gate = features
    if amm.channel is not None:
        share = (features * gradient).sum((-2, -1))
        channel_share = _rank_correlation(
            amm.channel_attention(features), share
        )
        gate = amm.channel_gate(features)
        features = gate * features
    if amm.spatial is not None:
        gate = amm.spatial_gate(features)
        resized = F.interpolate(spotlight, gate.shape[-2:], mode='bilinear')
        spatial_spotlight = _rank_correlation(gate, resized)
    return AMMFacts(
        channel_share,
        spatial_spotlight,
        gate_mean=float(gate.mean()),
        gate_deviation=float(gate.std()),
    )


def _rank_correlation(one: Tensor, other: Tensor) -> float:
    """Spearman's, of as many values; nan if all of one are equal."""
    pair = (values.flatten().cpu() for values in (one, other))
    return float(spearmanr(*pair).statistic)
