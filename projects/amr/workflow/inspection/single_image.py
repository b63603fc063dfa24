"""CAMs of one picture by a trained classifier, without a Runner."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmseg.structures import SegDataSample

from projects.amr.datasets.labels.weak_labels import ClassNames
from projects.amr.datasets.transforms import LoadWeakLabelImage
from projects.amr.errors import UserError
from projects.amr.structures.label_space import foreground_names, multi_hot
from projects.amr.workflow.deploy.trained_model import load_trained


class CAMDemo:
    """A classifier and its class names, which come from the checkpoint.

    Raises UserError if the checkpoint is missing, refused, not of this config,
    or the config's model makes no CAMs.
    """

    def __init__(
        self, cfg: Config, checkpoint: str | Path, trust: bool = False
    ):
        trained = load_trained(cfg, checkpoint, trust)
        if trained.kind != 'classifier':
            raise UserError(
                f'the config has a {type(trained.model).__name__}, which '
                'makes no CAMs of a picture: give the config of a classifier'
            )
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        self.model = trained.model.to(device)
        self.classes = foreground_names(trained.classes)

    @property
    def score_thr(self) -> float:
        """Score above which a class counts as found."""
        return float(self.model.cam_method.score_thr)

    @torch.no_grad()
    def __call__(self, image: str | Path, labels=None) -> SegDataSample:
        """Predict as the test loop does.

        Maps are made of ``labels``, or else of the classes with a score above
        0.5 and the best. The sample has ``pred_score`` and ``pred_cam``, see
        :class:`BaseCAMClassifier`, and ``img``: the picture, (H, W, 3), uint8,
        BGR. Raises DataError if the picture is unreadable, or a label unknown.
        """
        loaded = LoadWeakLabelImage()({'img_path': str(image)})
        sample = SegDataSample(metainfo={'img': loaded['img']})
        if labels:
            names = ClassNames(self.classes)
            indices = [names.index(label, '--labels') for label in labels]
            sample.gt_label = torch.from_numpy(multi_hot(indices, len(names)))
        inputs = torch.from_numpy(loaded['img'].transpose(2, 0, 1).copy())
        data = {'inputs': [inputs], 'data_samples': [sample]}
        return self.model.test_step(data)[0]
