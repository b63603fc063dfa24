"""Classification head whose class scores are the mean of its CAM."""

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.ops.cam import attend_peaks
from projects.amr.ops.checks import require


@MODELS.register_module()
class CAMHead(BaseModule):
    """1x1 convolution without bias: features to CAM, Eq. 1 of AMR.

    The head returns the CAM before ReLU; its spatial mean is the class
    logit (:func:`projects.amr.ops.pool_logits`).

    Args:
        in_channels (int): Channels of the features.
        num_classes (int): Number K of foreground classes.
        in_index (int): Which of the backbone's outputs. Defaults to -1.
        dropout (float): Share of the feature channels dropped in training,
            in [0, 1). SEAM: 0.5. Defaults to 0.0.
        attention (float): Scale of :func:`attend_peaks`, by which features
            are weighed in training, at least 0. BES: 1e-3. Defaults to 0.0:
            none.
        kernel_size (int): Side of the convolution, odd. MCTformer+: 3.
            Defaults to 1.
        init_cfg (dict, optional): Initialisation. Defaults to a normal
            distribution with deviation 0.01, mmpretrain's for linear heads
            (not in the paper; released code: torch's own, of about the same
            deviation on 2048 channels).

    Raises:
        ValueError: If ``attention`` is negative.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        in_index: int = -1,
        dropout: float = 0.0,
        attention: float = 0.0,
        kernel_size: int = 1,
        init_cfg: dict | None = None,
    ):
        super().__init__(
            init_cfg or {'type': 'Normal', 'layer': 'Conv2d', 'std': 0.01}
        )
        require(attention >= 0, 'attention', attention, 'at least 0')
        self.attention = attention
        self.num_classes = num_classes
        self.in_index = in_index
        self.dropout = nn.Dropout2d(dropout)
        self.classifier = nn.Conv2d(
            in_channels,
            num_classes,
            kernel_size,
            padding=kernel_size // 2,
            bias=False,
        )

    def forward(self, features: tuple[Tensor, ...]) -> Tensor:
        """Unrectified CAM (N, K, h, w) of the chosen feature map."""
        chosen = self.dropout(features[self.in_index])
        if self.training and self.attention:
            chosen = attend_peaks(chosen, self.attention)
        return self.classifier(chosen)

    def positive_weights(self) -> Tensor:
        """Positive weights of each class (K,), long.

        At least 1: no map is positive where a class has none.
        """
        weights = self.classifier.weight.detach().flatten(1)
        return (weights > 0).sum(1).clamp_min(1)
