"""What every classifier that gives CAMs has in common.

Shape legend: N images, K foreground classes, (H, W) image size, (h, w)
feature size.
"""

from abc import abstractmethod

import torch
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.registry import TASK_UTILS
from mmseg.structures import SegDataSample
from torch import Tensor

from projects.amr.models.cam_methods import CAMPrediction
from projects.amr.models.small_views import image_named
from projects.amr.ops import pool_logits


class BaseCAMClassifier(BaseModel):
    """Base of classifiers trained on weak labels and tested on their CAMs.

    A subclass has one or several *branches*, each an unrectified CAM whose
    spatial mean is a logit, and may fuse them into further maps.

    Data samples carry ``gt_label``, the weak label (K,). Predictions add
    ``pred_score`` (K,) in [0, 1], ``gt_score`` (the label again, under the
    name that mmpretrain's metrics read) and ``pred_cam``, a PixelData with
    one (k, h', w') map in [0, 1] per branch for the k labelled classes, and
    the metainfo ``classes`` (their indices), ``maps`` (the names, in order),
    ``final`` (the name of the one that the next stage takes), ``size``
    (H, W) and ``dropped`` (labelled classes without a usable CAM).

    Args:
        data_preprocessor (dict, optional): Defaults to None.
        test_cfg (dict, optional): The CAM method, by default
            dict(type='MultiScaleCAM').
        val_cfg (dict, optional): The CAM method of validation while
            training. Defaults to one scale without flip.
        init_cfg (dict, optional): Initialisation. Defaults to None.
    """

    final: str = 'cam'
    maps: tuple[str, ...] = ('cam',)
    refines: bool = False  # whether view_cams has other maps than the CAMs

    def __init__(
        self,
        data_preprocessor: dict | None = None,
        test_cfg: dict | None = None,
        val_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(data_preprocessor, init_cfg)
        default = {'type': 'mmseg.MultiScaleCAM'}
        self.cam_method = TASK_UTILS.build({**default, **(test_cfg or {})})
        self.val_cam_method = TASK_UTILS.build(
            {**default, **(val_cfg or {'flip': False})}
        )

    @property
    @abstractmethod
    def num_classes(self) -> int:
        """Number of foreground classes."""

    @abstractmethod
    def branch_cams(self, inputs: Tensor) -> dict[str, Tensor]:
        """Unrectified CAMs (N, K, h, w) of images (N, 3, H, W), by branch."""

    def branches(self) -> dict[str, 'BaseCAMClassifier']:
        """Parts that give one CAM each, by name: here the classifier itself.

        A CAM method that needs a branch alone (its gradients, say) takes it
        from here; the first map of its ``branch_cams`` is the branch's CAM.
        """
        return {self.maps[0]: self}

    def view_cams(
        self, inputs: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """What a CAM method merges over views.

        A classifier whose maps are not those that its logits are the means
        of (SEAM, say, which refines them) overrides this and sets
        ``refines``.

        Args:
            inputs (Tensor): Views, normalised, shape (N, 3, H, W).

        Returns:
            tuple[dict[str, Tensor], dict[str, Tensor]]: Maps before ReLU
            (N, K, h, w) and logits (N, K), by branch.
        """
        cams = self.branch_cams(inputs)
        return cams, {k: pool_logits(cam.float()) for k, cam in cams.items()}

    @abstractmethod
    def train_cams(
        self, inputs: Tensor, labels: Tensor, detach: bool = False
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Losses and unrectified CAM of a training batch.

        Args:
            inputs (Tensor): Shape (N, 3, H, W), normalised.
            labels (Tensor): Shape (N, K), weak labels.
            detach (bool): Whether neither the features nor the losses carry
                a gradient; the CAM still does, to the head's weights.

        Returns:
            tuple[dict[str, Tensor], Tensor]: Losses with keys ``loss_*`` and
            the CAM (N, K, h, w).
        """

    def fuse_cams(self, cams: dict[str, Tensor]) -> dict[str, Tensor]:
        """Add maps made from the normalised ones of the branches."""
        return cams

    def fuse_scores(self, logits: dict[str, Tensor]) -> Tensor:
        """Class probabilities (N, K): the mean over the branches'."""
        return torch.stack(list(logits.values())).sigmoid().mean(0)

    def forward(self, inputs, data_samples=None, mode: str = 'tensor'):
        """Run as mmengine's runner asks.

        Args:
            inputs (Tensor | list[Tensor]): Images, normalised; a list of
                (3, H, W) of any sizes for ``'predict'``.
            data_samples (list[SegDataSample], optional): Defaults to None.
            mode (str): ``'loss'``, ``'predict'`` or ``'tensor'``.

        Returns:
            dict | list: Losses, data samples, or unrectified CAMs by branch.

        Raises:
            ValueError: If ``mode`` is unknown.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.branch_cams(inputs)
        raise ValueError(
            f"`mode` must be 'loss', 'predict' or 'tensor', got {mode!r}"
        )

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Training losses of images (N, 3, H, W)."""
        labels = torch.stack([sample.gt_label for sample in data_samples])
        return self.train_cams(inputs, labels.to(inputs.device))[0]

    def val_step(self, data) -> list:
        """Predict with the CAM method of validation."""
        data = self.data_preprocessor(data, False)
        return self.predict(**data, cam_method=self.val_cam_method)

    def predict(
        self, inputs, data_samples: list | None = None, cam_method=None
    ) -> list:
        """Fill data samples with scores and CAMs.

        A sample that carries a ``cam_record`` (finished in an earlier run,
        see :class:`CAMGenerationHook`) gets its contents. It passes through
        the network only beside a sample of its size without one, whose CAMs
        are then those of an undisturbed run to the last bit.

        Args:
            inputs (Sequence[Tensor]): Normalised images (3, H, W).
            data_samples (list[SegDataSample], optional): Defaults to None.
            cam_method (Callable, optional): Defaults to that of testing.

        Returns:
            list[SegDataSample]: The same samples, filled.

        Raises:
            SmallViewError: If the backbone cannot take a view; the image is
                named.
        """
        if data_samples is None:
            data_samples = [SegDataSample() for _ in inputs]
        sizes = [tuple(image.shape[-2:]) for image in inputs]
        missing = {
            size
            for size, sample in zip(sizes, data_samples, strict=True)
            if 'cam_record' not in sample
        }
        todo = [i for i, size in enumerate(sizes) if size in missing]
        made = self._make_cams(
            cam_method or self.cam_method,
            [inputs[i] for i in todo],
            [data_samples[i] for i in todo],
        )
        predictions = dict(zip(todo, made, strict=True))
        for i, sample in enumerate(data_samples):
            if 'cam_record' in sample:
                record = sample.pop('cam_record')
                predictions[i] = self._recorded(record, inputs[i])
            self._fill(sample, predictions[i], sizes[i])
        return data_samples

    def _make_cams(self, method, images: list, samples: list) -> list:
        """CAMs of images; one that is too small is named."""
        labels = [sample.get('gt_label') for sample in samples]
        with image_named(images, samples, getattr(method, 'scales', ())):
            return method(self, images, labels)

    def _recorded(self, record, image: Tensor) -> CAMPrediction:
        """Turn a record of an earlier run into a prediction."""
        stored = {**record.branches, self.final: record.cam}
        cams = {name: stored[name] for name in self.maps}
        return CAMPrediction(
            torch.as_tensor(record.scores, device=image.device),
            torch.as_tensor(record.classes, device=image.device),
            {k: torch.as_tensor(v).to(image.device) for k, v in cams.items()},
            tuple(record.dropped.tolist()),
        )

    def _fill(self, sample, prediction: CAMPrediction, size) -> None:
        """Write a prediction into a data sample."""
        sample.pred_score = prediction.scores
        if 'gt_label' in sample:
            sample.gt_score = sample.gt_label.to(prediction.scores.device)
        sample.pred_cam = PixelData(
            metainfo={
                'classes': prediction.classes.tolist(),
                'maps': self.maps,
                'final': self.final,
                'size': size,
                'dropped': prediction.dropped,
            },
            **prediction.cams,
        )
