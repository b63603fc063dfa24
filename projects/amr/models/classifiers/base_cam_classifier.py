"""Base of all classifiers that give CAMs.

Shape legend: N images, K foreground classes, (H, W) image size, (h, w)
feature size.
"""

from abc import abstractmethod

import torch
from mmengine.model import BaseModel
from mmseg.registry import TASK_UTILS
from mmseg.structures import SegDataSample
from torch import Tensor

from projects.amr.models.cam_methods import CAMExtractor, MultiScaleCAM
from projects.amr.models.small_views import SmallViewError


class BaseCAMClassifier(BaseModel):
    """Base of classifiers trained on weak labels and tested on their CAMs.

    A classifier has one or several *branches*, each a
    :class:`CAMClassifier` of its own, and :meth:`combine` turns their maps
    into those that are stored.

    Data samples carry ``gt_label``, the weak label (K,). Predictions add
    ``pred_score`` (K,) in [0, 1], ``gt_score`` (the label again, under the
    name that mmpretrain's metrics read) and ``pred_cam``, a PixelData with
    one (k, h', w') map in [0, 1] per name in ``maps`` for the k labelled
    classes, and the metainfo ``classes`` (their indices), ``maps``, ``final``
    (the last of them, which the next stage takes), ``size`` (H, W) and
    ``dropped`` (labelled classes without a usable CAM).

    Args:
        data_preprocessor (dict, optional): Defaults to None.
        test_cfg (dict, optional): The CAM method, by default
            dict(type='MultiScaleCAM').
        val_cfg (dict, optional): The CAM method of validation while
            training. Defaults to one scale without flip.
        init_cfg (dict, optional): Initialisation. Defaults to None.
    """

    maps: tuple[str, ...] = ('cam',)

    def __init__(
        self,
        data_preprocessor: dict | None = None,
        test_cfg: dict | None = None,
        val_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(data_preprocessor, init_cfg)
        self.cam_method = build_cam_method(test_cfg or {})
        self.val_cam_method = build_cam_method(val_cfg or {'flip': False})

    @property
    def final(self) -> str:
        """Name of the map that the next stage takes."""
        return self.maps[-1]

    @property
    @abstractmethod
    def num_classes(self) -> int:
        """Number of foreground classes."""

    @abstractmethod
    def branches(self) -> dict[str, 'BaseCAMClassifier']:
        """Classifiers of one CAM each (:class:`CAMClassifier`), by name."""

    @abstractmethod
    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Training losses ``loss_*`` of normalised images (N, 3, H, W).

        Data samples have ``gt_label`` (K,), and what the classifier's own
        losses read.
        """

    def combine(self, cams: dict[str, Tensor]) -> dict[str, Tensor]:
        """Turn the branches' maps into those of :attr:`maps`.

        Args:
            cams (dict[str, Tensor]): By branch, normalised, shape
                (k, h', w').

        Returns:
            dict[str, Tensor]: In [0, 1], by name and in the order of
            ``maps``; here every branch's own, finished.
        """
        return {
            name: branch.finish_cam(cams[name])
            for name, branch in self.branches().items()
        }

    def forward(self, inputs, data_samples=None, mode: str = 'tensor'):
        """Run in the mode that mmengine's Runner asks for.

        ``'loss'``: losses of images (N, 3, H, W); ``'predict'``: data samples
        of images (3, H, W) of any sizes; ``'tensor'``:
        unrectified CAMs by branch.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return {
                name: branch.forward_cam(inputs)
                for name, branch in self.branches().items()
            }
        raise ValueError(
            f"`mode` must be 'loss', 'predict' or 'tensor', got {mode!r}"
        )

    def val_step(self, data) -> list:
        """Predict with the CAM method of validation."""
        data = self.data_preprocessor(data, False)
        return self.predict(**data, cam_method=self.val_cam_method)

    def predict(
        self, inputs, data_samples: list | None = None, cam_method=None
    ) -> list:
        """Fill data samples with scores and CAMs.

        A sample that already has ``pred_cam`` (:class:`CAMGenerationHook`
        reads it from a record) stays as it is.

        Raises:
            SmallViewError: If the backbone cannot take a view; the image is
                named.
        """
        if data_samples is None:
            data_samples = [SegDataSample() for _ in inputs]
        pairs = [
            (image, sample)
            for image, sample in zip(inputs, data_samples, strict=True)
            if 'pred_cam' not in sample
        ]
        images = [image for image, _ in pairs]
        samples = [sample for _, sample in pairs]
        method = cam_method or self.cam_method
        labels = [sample.get('gt_label') for sample in samples]
        try:
            made = method(self, images, labels)
        except SmallViewError:
            raise SmallViewError.of_smallest(
                images, samples, method.scales
            ) from None
        for (image, sample), prediction in zip(pairs, made, strict=True):
            prediction.fill(sample, self.maps, tuple(image.shape[-2:]))
        return data_samples


def weak_labels(data_samples: list, device: torch.device) -> Tensor:
    """Weak labels (N, K), {0, 1}, of data samples."""
    labels = [sample.gt_label for sample in data_samples]
    return torch.stack(labels).to(device)


def build_cam_method(cfg: dict) -> MultiScaleCAM:
    """Build a CAM method; ``type`` is 'MultiScaleCAM' by default.

    Raises:
        ValueError: If ``type`` is that of an extractor.
    """
    cfg = {'type': 'mmseg.MultiScaleCAM', **cfg}
    kind = TASK_UTILS.get(cfg['type'])
    if isinstance(kind, type) and issubclass(kind, CAMExtractor):
        raise ValueError(
            f'`type` {cfg["type"]!r} of a CAM method maps one view: write '
            'test_cfg=dict(scales=..., flip=..., max_batch=..., '
            f"extractor=dict(type='{cfg['type']}', ...))"
        )
    return TASK_UTILS.build(cfg)
