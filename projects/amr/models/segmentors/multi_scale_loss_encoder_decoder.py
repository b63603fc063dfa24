"""DeepLab-v2's training on several scales of an image at once."""

from collections.abc import Sequence

import torch
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import add_prefix
from torch import Tensor

from projects.amr.models.segmentors.bounded_inference import (
    BoundedInferenceMixin,
)
from projects.amr.ops.checks import require


@MODELS.register_module()
class MultiScaleLossEncoderDecoder(BoundedInferenceMixin, EncoderDecoder):
    """mmseg's EncoderDecoder with the multi-scale input loss of DeepLab-v2.

    Each training batch passes backbone and head at every scale. The loss is
    the sum of the head's own loss on each scale's logits and on their
    element-wise maximum, taken at the size of the largest map ("Multi-scale
    inputs", Section 4.1 of arXiv:1606.00915). Testing is mmseg's, in bounded
    memory: see :class:`BoundedInferenceMixin`.

    Paper and released code: tests take the maximum over the scales as well,
    which is ``test_cfg=dict(fuse_scales=True)``.
    Here: tests are of one scale by default, about half of the work.

    Released code: labels are shrunk to each map (nearest neighbour).
    Here: the head's loss, which in mmseg enlarges the logits to the labels.

    Args:
        *args: As in :class:`mmseg.models.EncoderDecoder`; any decode head
            that returns one map of logits.
        scales (Sequence[float]): Factors on the sides of the input. With a
            single one there is no maximum, and with (1,) the loss is the
            plain one. Defaults to (1, 0.75, 0.5).
        **kwargs: As in :class:`mmseg.models.EncoderDecoder`.

    Raises:
        ValueError: If a scale is not positive or occurs twice, or there is
            none.
    """

    def __init__(
        self, *args, scales: Sequence[float] = (1.0, 0.75, 0.5), **kwargs
    ):
        super().__init__(*args, **kwargs)
        distinct = len(set(scales)) == len(scales)
        fits = scales and min(scales) > 0 and distinct
        require(fits, 'scales', scales, 'distinct positive factors')
        self.scales = tuple(scales)

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Losses of every scale and of their maximum.

        Returns:
            dict[str, Tensor]: The head's losses and accuracies under
            ``scale_<factor>.`` and ``scale_max.``; an auxiliary head's, at
            the largest scale, under ``aux.``.

        Raises:
            TypeError: If the head does not return one map of logits.
        """
        losses, pyramid = {}, []
        for scale in self.scales:
            features = self.extract_feat(self._rescale(inputs, scale))
            logits = self._one_map(self.decode_head(features))
            losses |= self._part(f'scale_{scale:g}', logits, data_samples)
            pyramid.append(logits)
            if self.with_auxiliary_head and scale == max(self.scales):
                losses |= self._auxiliary_head_forward_train(
                    features, data_samples
                )
        if len(pyramid) > 1:
            maximum = self._maximum(pyramid)
            losses |= self._part('scale_max', maximum, data_samples)
        return losses

    def encode_decode(
        self, inputs: Tensor, batch_img_metas: Sequence[dict]
    ) -> Tensor:
        """Logits of a test, (N, L, H, W); of all scales if so configured."""
        if not (self.test_cfg or {}).get('fuse_scales', False):
            return super().encode_decode(inputs, batch_img_metas)
        pyramid = [
            self._one_map(
                self.decode_head(
                    self.extract_feat(self._rescale(inputs, scale))
                )
            )
            for scale in self.scales
        ]
        return self.decode_head.predict_by_feat(
            self._maximum(pyramid), batch_img_metas
        )

    def _rescale(self, inputs: Tensor, scale: float) -> Tensor:
        """Resize images; at scale 1 they stay as they are."""
        if scale == 1:
            return inputs
        size = [max(int(side * scale), 1) for side in inputs.shape[-2:]]
        return resize(inputs, size, mode='bilinear', align_corners=False)

    def _one_map(self, logits: Tensor) -> Tensor:
        """Refuse the output of a head that has no single map of logits."""
        if not isinstance(logits, Tensor):
            raise TypeError(
                'the multi-scale loss needs a decode head that returns one '
                f'map of logits; {type(self.decode_head).__name__} returns '
                f'{type(logits).__name__}: use type EncoderDecoder with it'
            )
        return logits

    def _part(
        self, name: str, logits: Tensor, data_samples: list
    ) -> dict[str, Tensor]:
        """The head's own loss of one map of logits, under a name."""
        losses = self.decode_head.loss_by_feat(logits, data_samples)
        return add_prefix(losses, name)

    def _maximum(self, pyramid: list[Tensor]) -> Tensor:
        """Element-wise maximum of the maps (N, L, h, w), each enlarged."""
        size = max(
            (logits.shape[-2:] for logits in pyramid), key=torch.Size.numel
        )
        return torch.stack(
            [
                resize(
                    logits,
                    size,
                    mode='bilinear',
                    align_corners=self.align_corners,
                )
                for logits in pyramid
            ]
        ).amax(0)
