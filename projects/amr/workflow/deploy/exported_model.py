"""The exported network, which takes a photo as it is read.

Shape legend: (H, W) photo size, L labels with the background, K classes
without it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from projects.amr.errors import UserError
from projects.amr.models.bounded_images import MAX_PIXELS
from projects.amr.models.cam_methods.multi_scale_cam import class_scores
from projects.amr.ops import normalize_cam
from projects.amr.workflow.deploy.trained_model import TrainedModel


class ExportedModel(nn.Module):
    """Normalisation, network and outputs in one module."""

    outputs: tuple[str, str]

    def __init__(self, trained: TrainedModel):
        super().__init__()
        self.model = trained.model
        rule = trained.cfg.model.get('data_preprocessor') or {}
        for name, default in (('mean', 0.0), ('std', 1.0)):
            values = rule.get(name) or [default] * 3
            value = torch.tensor(values, dtype=torch.float32)
            self.register_buffer(name, value.view(1, 3, 1, 1))
        # Images are read as BGR in training; here they come as RGB.
        self.flip_channels = not rule.get('bgr_to_rgb', False)

    def normalise(self, image: Tensor) -> Tensor:
        """Network input (1, 3, H, W) of a photo (1, H, W, 3), uint8, RGB."""
        pixels = image.permute(0, 3, 1, 2).float()
        if self.flip_channels:
            pixels = pixels.flip(1)
        return (pixels - self.mean) / self.std


class ExportedSegmentor(ExportedModel):
    """Label map and probabilities of a photo, taken whole.

    Raises:
        UserError: If the config tests in windows.
    """

    outputs = ('labels', 'probabilities')

    def __init__(self, trained: TrainedModel):
        super().__init__(trained)
        mode = self.model.test_cfg.get('mode', 'whole')
        if mode != 'whole':
            raise UserError(
                f'the config has model.test_cfg.mode={mode!r}, and an '
                'exported model takes the whole photo: export with '
                '--cfg-options model.test_cfg.mode=whole, and score the '
                'config with it'
            )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Labels (1, H, W), uint8, and probabilities (1, L, H, W)."""
        inputs = self.normalise(image)
        head = self.model.decode_head
        logits = F.interpolate(
            head(self.model.extract_feat(inputs)),
            size=inputs.shape[2:],
            mode='bilinear',
            align_corners=self.model.align_corners,
        )
        scores = logits.softmax(1)
        return scores.argmax(1).to(torch.uint8), scores


class ExportedClassifier(ExportedModel):
    """Class scores and class activation maps of a photo.

    One view at the photo's own size, not mirrored: what
    ``MultiScaleCAM(scales=(1.0,), flip=False)`` gives for a photo without a
    weak label.
    """

    outputs = ('scores', 'cams')

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (1, K) and maps (1, K, H, W), both in [0, 1], of a photo.

        Maps are 0 everywhere for a class whose score is not above the CAM
        method's ``score_thr``, unless it is the best.
        """
        inputs = self.normalise(image)
        size = inputs.shape[2:]
        method = self.model.cam_method
        cams, logits = {}, {}
        for name, branch in self.model.branches().items():
            cam, pooled = branch.view_cam(inputs)
            logits[name] = [pooled]
            cam = _enlarge(
                cam.relu(), _stride_size(size, method.output_stride)
            )
            cams[name] = normalize_cam(cam)[0]
        final = self.model.combine(cams)[self.model.final][None]
        scores = class_scores(logits)
        best = scores == scores.amax(1, keepdim=True)
        found = (scores > method.score_thr) | best
        return scores, _enlarge(final * found[..., None, None], size)


def _enlarge(cam: Tensor, size) -> Tensor:
    """Bilinear resize, as ``resize_cam``, for a size that is traced."""
    return F.interpolate(cam, size=size, mode='bilinear', align_corners=False)


def _stride_size(size, stride: int) -> list:
    """``stride_size`` without negative numbers: ONNX rounds towards 0."""
    return [(side + stride - 1) // stride for side in size]


def exported(trained: TrainedModel) -> ExportedModel:
    """The module to export, in eval mode: photos (1, H, W, 3), uint8, RGB."""
    kinds = {'segmentor': ExportedSegmentor, 'classifier': ExportedClassifier}
    return kinds[trained.kind](trained).eval()


def model_facts(trained: TrainedModel) -> dict:
    """Description of an exported model for programs that run it.

    ``kind``, ``input`` and ``outputs`` in words, ``classes`` and ``palette``
    by label (background first, RGB), ``max_pixels`` (make larger photos
    smaller, in pixels), ``mean`` and ``std`` (already in the network, for
    information).
    """
    rule = trained.cfg.model.get('data_preprocessor') or {}
    if trained.kind == 'segmentor':
        limit = trained.model.test_cfg.get('max_pixels', MAX_PIXELS)
    else:
        limit = trained.model.cam_method.max_view_pixels
    return {
        'kind': trained.kind,
        'input': 'image: (1, H, W, 3), uint8, RGB',
        'outputs': list(exported(trained).outputs),
        'classes': list(trained.classes),
        'palette': trained.palette,
        'max_pixels': limit or MAX_PIXELS,
        'mean': list(rule.get('mean') or ()),
        'std': list(rule.get('std') or ()),
    }
