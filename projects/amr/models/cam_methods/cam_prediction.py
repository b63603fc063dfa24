"""What a CAM method gives for one image.

Shape legend: K_all foreground classes, K kept ones, (h', w') stored map size.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass
class CAMPrediction:
    """CAMs and scores of one image.

    Args:
        scores (Tensor): Shape (K_all,), class probabilities in [0, 1].
        classes (Tensor): Shape (K,), class indices whose CAMs are kept.
        cams (dict[str, Tensor]): By branch, shape (K, h', w'), in [0, 1].
        dropped (tuple[int, ...]): Labelled classes without a usable CAM.
            Defaults to ().
    """

    scores: Tensor
    classes: Tensor
    cams: dict[str, Tensor]
    dropped: tuple[int, ...] = ()

    def to(self, device) -> 'CAMPrediction':
        """The same on a device."""
        return CAMPrediction(
            self.scores.to(device),
            self.classes.to(device),
            {name: cam.to(device) for name, cam in self.cams.items()},
            self.dropped,
        )
