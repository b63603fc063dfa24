"""RRM: classifier and segmentor trained in one stage, arXiv:1911.08039.

Shape legend: N images of size (H, W), K foreground classes, L = K + 1 labels,
(h, w) feature size.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from projects.amr.models.segmentors.bounded_inference import (
    BoundedInferenceMixin,
)
from projects.amr.ops import normalize_cam, pool_logits, resize_cam
from projects.amr.ops.checks import require
from projects.amr.ops.seeds import check_seed_params, reliable_seed
from projects.amr.structures.label_space import IGNORE_LABEL


@MODELS.register_module()
class RRM(BoundedInferenceMixin, EncoderDecoder):
    """A segmentor that makes its own labels while it learns.

    A CAM head and a decode head share the backbone. Data samples carry
    ``gt_label``, the weak label (K,), and no masks: at each step the CAMs of
    the batch, over several scales, become reliable regions
    (:func:`reliable_seed`), on which the decode head is trained; the rest of
    the image learns by the dense energy. Testing is mmseg's, of the decode
    head, in bounded memory: see :class:`BoundedInferenceMixin`.

    Losses: ``loss_cls``, those of the decode head (RRM's is
    BalancedCrossEntropyLoss) and ``loss_energy``; during the warm-up the
    first alone. The decode head then has no gradient, not one of 0, which
    would make the first steps of Adam too long; on several devices set
    ``find_unused_parameters=True``.

    Released code: the passes at other scales are in training mode.
    Here: in evaluation mode, so that they change no statistics.

    Args:
        *args: As in :class:`mmseg.models.EncoderDecoder`.
        cam_head (dict): Config of the CAM head, of K classes.
        loss_cls (dict, optional): Defaults to
            dict(type='MultiLabelSoftMarginLoss').
        loss_energy (dict, optional): Such as dict(type='DenseEnergyLoss');
            None leaves it out. Defaults to None.
        scales (Sequence[float]): Of the CAMs, positive. Defaults to (1, 0.5,
            1.5, 2).
        warmup (int): Steps of classification alone, at least 0; the count is
            part of the checkpoint. Defaults to 0.
        seed (dict, optional): Arguments of :func:`reliable_seed`. Defaults
            to its own.
        **kwargs: As in :class:`mmseg.models.EncoderDecoder`.

    Raises:
        ValueError: If the heads do not fit each other, or an option is out
            of range.
    """

    def __init__(
        self,
        *args,
        cam_head: dict,
        loss_cls: dict | None = None,
        loss_energy: dict | None = None,
        scales: Sequence[float] = (1.0, 0.5, 1.5, 2.0),
        warmup: int = 0,
        seed: dict | None = None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        require(scales and min(scales) > 0, 'scales', scales, 'positive')
        require(warmup >= 0, 'warmup', warmup, 'at least 0')
        check_seed_params('rrm', dict(seed or {}))
        self.cam_head = MODELS.build(cam_head)
        if self.cam_head.num_classes != self.num_classes - 1:
            raise ValueError(
                'the decode head must have one label more than the CAM head, '
                f'got {self.num_classes} and {self.cam_head.num_classes}'
            )
        self.loss_cls = MODELS.build(
            loss_cls or {'type': 'mmseg.MultiLabelSoftMarginLoss'}
        )
        self.loss_energy = MODELS.build(loss_energy) if loss_energy else None
        self.scales = tuple(scales)
        self.warmup = warmup
        self.seed = dict(seed or {})
        self.register_buffer('num_steps', torch.tensor(0))

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Training losses of images (N, 3, H, W)."""
        labels = torch.stack([sample.gt_label for sample in data_samples])
        features = self.extract_feat(inputs)
        scores = pool_logits(self.cam_head(features))
        losses = {'loss_cls': self.loss_cls(scores, labels.to(scores.device))}
        self.num_steps += 1
        if self.num_steps <= self.warmup:
            return losses
        logits = self.decode_head(features)
        valid = valid_pixels(inputs, data_samples)
        images = self.colours(inputs)
        regions = self.reliable_regions(inputs, images, valid, labels)
        made = [SegDataSample() for _ in data_samples]
        for sample, region in zip(made, regions, strict=True):
            sample.gt_sem_seg = PixelData(data=region[None])
        losses |= self.decode_head.loss_by_feat(logits, made)
        if self.loss_energy is not None:
            probs = resize_cam(logits.float(), images.shape[-2:]).softmax(1)
            losses['loss_energy'] = self.loss_energy(
                images, probs, regions, valid
            )
        return losses

    def colours(self, inputs: Tensor) -> Tensor:
        """Images (N, 3, H, W) as they were, in [0, 255]."""
        own = self.data_preprocessor
        if getattr(own, '_enable_normalize', False):
            inputs = inputs * own.std + own.mean
        return inputs.float().clamp(0, 255)

    @torch.no_grad()
    def merged_cam(self, inputs: Tensor) -> Tensor:
        """CAMs (N, K, H, W) in [0, 1]: the mean over the scales."""
        training, size = self.training, tuple(inputs.shape[-2:])
        self.eval()
        total = 0.0
        for scale in self.scales:
            view = [max(round(side * scale), 1) for side in size]
            view = F.interpolate(
                inputs, view, mode='bilinear', align_corners=False
            )
            cam = self.cam_head(self.extract_feat(view))
            total = total + resize_cam(cam.float().relu(), size)
        self.train(training)
        return normalize_cam(total)

    def reliable_regions(
        self, inputs: Tensor, images: Tensor, valid: Tensor, labels: Tensor
    ) -> Tensor:
        """Labels (N, H, W), int64, of the reliable pixels, 255 elsewhere.

        ``images`` are the inputs in [0, 255], labels the weak ones (N, K).
        """
        cams = self.merged_cam(inputs).cpu().numpy()
        regions = torch.full(valid.shape, IGNORE_LABEL, dtype=torch.long)
        rounded = images.round().byte().permute(0, 2, 3, 1).cpu().numpy()
        for n, own in enumerate(labels.cpu()):
            height = int(valid[n, :, 0].sum())
            width = int(valid[n, 0].sum())
            classes = own.nonzero()[:, 0].numpy()
            seed = reliable_seed(
                rounded[n, :height, :width],
                cams[n, classes, :height, :width],
                classes,
                **self.seed,
            )
            regions[n, :height, :width] = torch.from_numpy(seed).long()
        return regions.to(inputs.device)


def valid_pixels(inputs: Tensor, data_samples: list) -> Tensor:
    """Mark (N, H, W), float32, what is no padding of images (N, 3, H, W).

    They are padded at the right and at the bottom; ``img_shape`` is the size
    before, without it an image is whole.
    """
    valid = torch.zeros(len(inputs), *inputs.shape[-2:], device=inputs.device)
    for own, sample in zip(valid, data_samples, strict=True):
        height, width = sample.get('img_shape', own.shape)[:2]
        own[:height, :width] = 1
    return valid
