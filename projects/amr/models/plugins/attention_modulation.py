"""Attention modulation module (AMM) of AMR, arXiv:2112.08996, Eq. 3-6.

Shape legend: N images, C channels, (h, w) feature size.
"""

from functools import partial

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS, TASK_UTILS
from torch import Tensor, nn

from projects.amr.ops import gaussian_modulation, threshold_modulation
from projects.amr.ops.checks import require
from projects.amr.ops.precision import full_precision
from projects.amr.runtime.checkpoints.checkpoint import StartsFromScratch

MODULATIONS = {
    'gaussian': gaussian_modulation,
    'threshold': threshold_modulation,
}


class GateNorm(nn.BatchNorm2d):
    """Batch normalisation that can be kept in training mode.

    A single value, which has no deviation, is normalised by the running
    statistics in either mode.

    Args:
        always_train (bool): Whether ``eval()`` leaves it normalising by the
            current batch, as the released code does. Defaults to False.
    """

    def __init__(self, *args, always_train: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.always_train = always_train

    def train(self, mode: bool = True):
        """Switch mode, unless the norm is kept in training mode."""
        return super().train(mode or self.always_train)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise maps (N, C, h, w)."""
        if x.numel() > self.num_features:
            return super().forward(x)
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            eps=self.eps,
        )


@MODELS.register_module()
class AttentionModulation(StartsFromScratch, nn.Module):
    r"""Channel, then spatial attention, each passed through a modulation.

    .. math::
        F_c = G(H_c(P_s(F))) \odot F, \qquad
        F_s = G(H_s(P_c(F_c))) \odot F_c

    with the poolings :math:`P`, the learned transforms :math:`H` and the
    modulation :math:`G` (Eq. 3-6). It is an mmcv plugin layer: in an mmseg
    ResNet it stands at ``after_conv3``, before the residual addition, as in
    the released code; :class:`StageModulation` puts it at the end of a stage
    of any other backbone.

    Paper: H is "the convolution layer", pooling is the average.
    Released code: channel H is C -> C/16 -> C with a ReLU, spatial H sees
    channel maximum and mean, a 7x7 convolution and a BatchNorm that stays in
    training mode: ``channel_transform='mlp', spatial_transform='max_mean',
    norm_always_train=True``.

    Args:
        in_channels (int): Channels C of the features.
        channel (bool): Whether channels are modulated. Defaults to True.
        spatial (bool): Whether positions are modulated. Defaults to True.
        channel_transform (str): ``'conv'``: 1x1 convolution C -> C;
            ``'mlp'``: two 1x1 convolutions with a ReLU between them.
            Defaults to 'conv'.
        spatial_transform (str): ``'conv'``: channel mean, convolution
            1 -> 1; ``'max_mean'``: channel maximum and mean, convolution
            2 -> 1 without bias, BatchNorm. Defaults to 'conv'.
        reduction (int): Channel reduction of ``'mlp'``. Defaults to 16 (not
            in the paper; released code).
        kernel_size (int): Of the spatial convolution, in feature pixels,
            odd. Defaults to 7 (not in the paper; released code).
        modulation (dict): ``type`` is ``'gaussian'`` or ``'threshold'``
            (Table 4) or the name of a function of attention values that
            TASK_UTILS knows; the rest are its arguments, see
            :func:`gaussian_modulation` / :func:`threshold_modulation`.
            Defaults to dict(type='gaussian').
        norm_always_train (bool): Whether the BatchNorm of ``'max_mean'``
            stays in training mode for ever. Note that a backbone's
            ``norm_eval`` reaches it otherwise. Defaults to False.

    Raises:
        ValueError: If both parts are off or an option is unknown.

    Attributes:
        mixes_images (bool): Whether an image's output depends on its batch;
            CAM methods then take one image at a time.

    Example:
        >>> amm = AttentionModulation(8)
        >>> amm(torch.rand(2, 8, 5, 7)).shape
        torch.Size([2, 8, 5, 7])
    """

    _abbr_ = 'amm'

    def __init__(
        self,
        in_channels: int,
        channel: bool = True,
        spatial: bool = True,
        channel_transform: str = 'conv',
        spatial_transform: str = 'conv',
        reduction: int = 16,
        kernel_size: int = 7,
        modulation: dict | None = None,
        norm_always_train: bool = False,
    ):
        super().__init__()
        if not (channel or spatial):
            raise ValueError(
                '`channel` and `spatial` are both False: leave the plugin '
                'out instead'
            )
        require(kernel_size % 2, 'kernel_size', kernel_size, 'odd')
        self.modulation = _build_modulation(modulation or {'type': 'gaussian'})
        self.channel = (
            _channel_transform(channel_transform, in_channels, reduction)
            if channel
            else None
        )
        self.spatial = (
            _spatial_transform(
                spatial_transform, kernel_size, norm_always_train
            )
            if spatial
            else None
        )
        self.spatial_transform = spatial_transform
        # Both take statistics over the images of a batch.
        self.mixes_images = norm_always_train or (
            (modulation or {}).get('stats') == 'batch'
        )

    def channel_attention(self, x: Tensor) -> Tensor:
        """H_c(P_s(F)) of Eq. 3: (N, C, h, w) -> (N, C, 1, 1), real."""
        with full_precision(x.device):
            dtype = _dtype_of(self.channel)
            return self.channel(x.mean((-2, -1), keepdim=True, dtype=dtype))

    def spatial_attention(self, x: Tensor) -> Tensor:
        """H_s(P_c(F)) of Eq. 5: (N, C, h, w) -> (N, 1, h, w), real."""
        with full_precision(x.device):
            pooled = x.mean(1, keepdim=True, dtype=_dtype_of(self.spatial))
            if self.spatial_transform == 'max_mean':
                # Maximum before mean: the order of the released weights.
                highest = x.amax(1, keepdim=True).to(pooled.dtype)
                pooled = torch.cat([highest, pooled], dim=1)
            return self.spatial(pooled)

    def channel_gate(self, x: Tensor) -> Tensor:
        """A_c of Eq. 3, the modulated attention: (N, C, 1, 1)."""
        return self._modulate(self.channel_attention(x), x.dtype)

    def spatial_gate(self, x: Tensor) -> Tensor:
        """A_s of Eq. 5, the modulated attention: (N, 1, h, w)."""
        return self._modulate(self.spatial_attention(x), x.dtype)

    def _modulate(self, attention: Tensor, dtype: torch.dtype) -> Tensor:
        # Mean and deviation of Eq. 7-8 need more digits than bfloat16 has,
        # and the values are few.
        with full_precision(attention.device):
            return self.modulation(attention).to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Modulate features (N, C, h, w)."""
        if self.channel is not None:
            x = self.channel_gate(x) * x  # Eq. 4
        if self.spatial is not None:
            x = self.spatial_gate(x) * x  # Eq. 6
        return x


def _dtype_of(module: nn.Module) -> torch.dtype:
    """Dtype of a module's weights: float32 under autocast."""
    return next(module.parameters()).dtype


def _build_modulation(cfg: dict) -> partial:
    """Bind the arguments of a modulation function."""
    cfg = dict(cfg)
    kind = cfg.pop('type', None)
    function = MODULATIONS.get(kind) or (kind and TASK_UTILS.get(kind))
    if function is None:
        raise ValueError(
            f'`modulation.type` must be one of {sorted(MODULATIONS)} or a '
            f'function registered in TASK_UTILS, got {kind!r}'
        )
    return partial(function, **cfg)


def _channel_transform(kind: str, channels: int, reduction: int) -> nn.Module:
    """Build H of Eq. 3."""
    if kind == 'conv':
        return nn.Conv2d(channels, channels, 1)
    if kind == 'mlp':
        hidden = max(channels // reduction, 1)
        return nn.Sequential(
            nn.Conv2d(channels, hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, channels, 1),
        )
    raise ValueError(
        f"`channel_transform` must be 'conv' or 'mlp', got {kind!r}"
    )


def _spatial_transform(kind: str, kernel: int, always_train: bool):
    """Build H of Eq. 5."""
    if kind == 'conv':
        return nn.Conv2d(1, 1, kernel, padding=kernel // 2)
    if kind == 'max_mean':
        return nn.Sequential(
            nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False),
            GateNorm(1, momentum=0.01, always_train=always_train),
        )
    raise ValueError(
        f"`spatial_transform` must be 'conv' or 'max_mean', got {kind!r}"
    )
