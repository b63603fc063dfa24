"""OAA+'s integral model: a classifier that learns accumulated CAMs."""

import torch
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.classifiers.cam_classifier import CAMClassifier
from projects.amr.ops import resize_cam

FLIPPED_AXES = {'horizontal': (-1,), 'vertical': (-2,), 'diagonal': (-2, -1)}


@MODELS.register_module()
class IntegralClassifier(CAMClassifier):
    """A CAM head that regresses the maps of an earlier training.

    In training data samples carry ``cam_input``, the CAM record of the whole
    image (:class:`LoadCAMRecord`, :class:`PackAffinityInputs`), such as
    :class:`CAMAccumulationHook` accumulates; a flip of the image is repeated
    on the maps. Images may be resized and flipped, not cropped or padded.
    Testing is that of :class:`CAMClassifier`.

    Loss: ``loss_integral``.

    Args:
        loss_integral (dict, optional): Defaults to
            dict(type='IntegralAttentionLoss').
        **kwargs: See :class:`CAMClassifier`; its ``loss_cls`` has no use
            here.
    """

    def __init__(self, loss_integral: dict | None = None, **kwargs):
        super().__init__(**kwargs)
        self.loss_integral = MODELS.build(
            loss_integral or {'type': 'mmseg.IntegralAttentionLoss'}
        )

    def cam_losses(self, inputs, features, cam, data_samples):
        """Loss between the CAM and the samples' maps, see the base class.

        Raises:
            ValueError: If an image was padded to the batch's size.
        """
        size = tuple(inputs.shape[-2:])
        for sample in data_samples:
            if tuple(sample.get('img_shape', size)) != size:
                raise ValueError(
                    'the maps are of whole images: resize all to one size '
                    f'(ResizeNonEmpty with keep_ratio=False), got '
                    f'{sample.get("img_path", "an image")} of (H, W) '
                    f'{tuple(sample.img_shape)} in a batch of {size}'
                )
        target = torch.stack([self._target(s, cam) for s in data_samples])
        return {'loss_integral': self.loss_integral(cam, target)}

    def _target(self, sample, like: Tensor) -> Tensor:
        """Maps (K, h, w) of all classes; 0 for those without one."""
        record = sample.cam_input
        found = record.cam.to(like.device, torch.float32)
        if sample.get('flip'):
            found = found.flip(FLIPPED_AXES[sample.flip_direction])
        target = torch.zeros(like.shape[1:], device=like.device)
        classes = torch.as_tensor(record.classes, dtype=torch.long)
        target[classes.to(like.device)] = resize_cam(found, like.shape[-2:])
        return target
