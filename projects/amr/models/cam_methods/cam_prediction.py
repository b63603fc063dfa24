"""CAMs and scores of one image, as a CAM method returns them.

Shape legend: K_all foreground classes, K kept ones, (h', w') stored map size.
"""

from dataclasses import dataclass

import torch
from mmengine.structures import PixelData
from torch import Tensor

from projects.amr.structures import CAMRecord


@dataclass
class CAMPrediction:
    """CAMs and scores of one image.

    Args:
        scores (Tensor): Shape (K_all,), class probabilities in [0, 1].
        classes (Tensor): Shape (K,), class indices whose CAMs are kept.
        cams (dict[str, Tensor]): By name, shape (K, h', w'), in [0, 1].
        dropped (tuple[int, ...]): Labelled classes without a usable CAM.
            Defaults to ().
    """

    scores: Tensor
    classes: Tensor
    cams: dict[str, Tensor]
    dropped: tuple[int, ...] = ()

    @classmethod
    def of_record(
        cls, record: CAMRecord, maps: tuple[str, ...]
    ) -> 'CAMPrediction':
        """Prediction that a record with scores was written from.

        ``maps`` are the names of its maps, the final one last.
        """
        stored = {**record.branches, maps[-1]: record.cam}
        return cls(
            torch.as_tensor(record.scores),
            torch.as_tensor(record.classes),
            {name: torch.as_tensor(stored[name]) for name in maps},
            tuple(record.dropped.tolist()),
        )

    def fill(self, sample, maps: tuple[str, ...], size: tuple) -> None:
        """Write the fields that :class:`BaseCAMClassifier` names."""
        sample.pred_score = self.scores
        if 'gt_label' in sample:
            sample.gt_score = sample.gt_label.to(self.scores.device)
        sample.pred_cam = PixelData(
            metainfo={
                'classes': self.classes.tolist(),
                'maps': maps,
                'final': maps[-1],
                'size': size,
                'dropped': self.dropped,
            },
            **self.cams,
        )

    def to(self, device) -> 'CAMPrediction':
        """Copy to a device."""
        return CAMPrediction(
            self.scores.to(device),
            self.classes.to(device),
            {name: cam.to(device) for name, cam in self.cams.items()},
            self.dropped,
        )
