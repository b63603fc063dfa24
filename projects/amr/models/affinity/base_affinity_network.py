"""Base of the affinity networks.

Shape legend: N images, K labelled classes of an image, (H, W) image size,
(h, w) feature size, P offsets of the half disc as in ``path_index.py``.
"""

from abc import abstractmethod
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.errors import DataError
from projects.amr.models.bounded_images import MAX_PIXELS, bounded_images
from projects.amr.models.memory import retry_in_less_memory
from projects.amr.ops.affinity_labels import AffinityLabels, affinity_labels


class BaseAffinityNetwork(BaseModel):
    """Base of networks trained on seeds that turn CAMs into pseudo labels.

    In training data samples carry ``gt_sem_seg``, the seed: 0 background,
    1.. classes, 255 not confident. In testing they carry ``cam_input``, the
    image's CAM record: a PixelData with ``cam`` (K, h', w') in [0, 1] and
    the metainfo ``classes`` (indices from 0) and ``size`` (H, W).

    Predictions are ``pred_cam``, like that of :class:`BaseCAMClassifier`
    with one map ``walked`` (K, H, W) in [0, 1], and ``pred_sem_seg``, the
    pseudo label (1, H, W). A sample without ``cam_input`` gets neither.

    Args:
        backbone (dict): Config of the encoder; it returns a tuple of maps.
        radius (int): Pairs nearer than this are trained on, in feature
            pixels.
        loss_affinity (dict, optional): Loss of the pairs. Defaults to
            dict(type='AffinityLoss').
        interior_only (bool): Whether only pixels whose whole half disc lies
            in the map are sources of pairs, as in the released code.
            Defaults to False.
        data_preprocessor (dict, optional): Defaults to None.
        test_cfg (dict, optional): Changes to :attr:`default_test_cfg`;
            ``max_pixels`` (4,194,304; None is no bound): a larger image goes
            through the network at a smaller size.
        init_cfg (dict, optional): Initialisation. Defaults to None.

    Raises:
        ValueError: If ``test_cfg`` has an unknown key.
    """

    default_test_cfg: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        backbone: dict,
        radius: int,
        loss_affinity: dict | None = None,
        interior_only: bool = False,
        data_preprocessor: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        self.radius = radius
        self.loss_affinity = MODELS.build(
            loss_affinity or {'type': 'mmseg.AffinityLoss'}
        )
        self.interior_only = interior_only
        known = {'max_pixels': MAX_PIXELS, **self.default_test_cfg}
        unknown = set(test_cfg or ()) - set(known)
        if unknown:
            raise ValueError(
                f'`test_cfg` knows {list(known)}, got {sorted(unknown)}'
            )
        self.test_cfg = {**known, **(test_cfg or {})}

    def forward(self, inputs, data_samples=None, mode: str = 'tensor'):
        """Run in the mode that mmengine's Runner asks for.

        ``'loss'``: losses of images (N, 3, H, W); ``'predict'``: data samples
        of images (3, H, W) of any sizes; ``'tensor'``:
        see :meth:`run_heads`.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.run_heads(inputs)
        raise ValueError(
            f"`mode` must be 'loss', 'predict' or 'tensor', got {mode!r}"
        )

    @abstractmethod
    def run_heads(self, inputs: Tensor) -> Tensor:
        """Raw outputs of the network for images (N, 3, H, W)."""

    @abstractmethod
    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Training losses ``loss_*`` of images (N, 3, H, W)."""

    @abstractmethod
    def predict_one(self, image: Tensor, sample, in_parts: bool) -> dict:
        """Fields to add to the data sample of one image (3, H, W).

        ``in_parts`` asks for one view a pass, to save memory.
        """

    def predict(self, inputs, data_samples: list) -> list:
        """Fill data samples, image by image.

        Out of memory, an image is tried again view by view, where there are
        several, then on the CPU.

        Raises:
            MemoryExhaustedError: If an image does not fit into memory.
        """
        for image, sample in zip(inputs, data_samples, strict=True):
            sample.set_data(self._predict_within_memory(image, sample))
        return data_samples

    @retry_in_less_memory(
        lambda image, sample: (
            f'{sample.get("img_path", "image")} of (H, W) '
            f'{tuple(image.shape[-2:])}'
        ),
        'Lower model.test_cfg.max_pixels',
    )
    def _predict_within_memory(self, image, sample, in_parts=False) -> dict:
        """Fields of one image in the first way that fits."""
        return self.predict_one(image, sample, in_parts)

    def bounded(self, image: Tensor) -> Tensor:
        """An image (3, H, W), made smaller where it is too large."""
        return bounded_images(image[None], self.test_cfg['max_pixels'])[0]

    def pair_labels(self, data_samples: list, like: Tensor) -> AffinityLabels:
        """Masks (N, P, h, w) of a batch's seeds, for features (N, C, h, w)."""
        seeds = [sample.gt_sem_seg.data for sample in data_samples]
        seed = shrink_seed(torch.stack(seeds).to(like.device), like.shape[-2:])
        return affinity_labels(
            seed, self.radius, interior_only=self.interior_only
        )

    def input_cam(self, image: Tensor, sample) -> Tensor:
        """CAM (K, h', w') of an image (3, H, W), after checking whose it is.

        Raises:
            DataError: If the record belongs to an image of another size.
        """
        record = sample.cam_input
        if tuple(record.size) != tuple(image.shape[-2:]):
            raise DataError(
                f'{sample.get("img_path", "image")} is of size '
                f'{tuple(image.shape[-2:])}, its CAM record of an image of '
                f'size {tuple(record.size)}: make the records again'
            )
        return record.cam.to(image.device, torch.float32)

    def fields(self, sample, walked: Tensor, label: Tensor) -> dict:
        """Fields of walked maps (K, H, W) and a label map (H, W)."""
        cam = PixelData(
            metainfo={
                'classes': list(sample.cam_input.classes),
                'maps': ('walked',),
                'final': 'walked',
                'size': tuple(walked.shape[-2:]),
            },
            walked=walked,
        )
        return {'pred_cam': cam, 'pred_sem_seg': PixelData(data=label[None])}


def shrink_seed(seed: Tensor, size: tuple[int, int]) -> Tensor:
    """Label in the middle of each feature pixel, int64, (N, 1, h, w).

    Example:
        >>> shrink_seed(torch.arange(8).view(1, 1, 1, 8), (1, 2)).tolist()
        [[[[2, 6]]]]
    """
    shrunk = F.interpolate(seed.float(), size=size, mode='nearest-exact')
    return shrunk.long()
