"""CAMs of one picture by a trained classifier, without a Runner."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.datasets import PascalVOCDataset
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from projects.amr.datasets.labels.weak_labels import ClassNames
from projects.amr.datasets.transforms import LoadWeakLabelImage
from projects.amr.errors import UserError
from projects.amr.models.classifiers.base_cam_classifier import (
    BaseCAMClassifier,
)
from projects.amr.runtime.checkpoints.checkpoint import require_match
from projects.amr.runtime.checkpoints.checkpoint_file import read_checkpoint
from projects.amr.runtime.checkpoints.pretrained import drop_pretrained
from projects.amr.structures.label_space import foreground_names, multi_hot


class CAMDemo:
    """A classifier and its class names.

    Args:
        cfg (Config): The config that the checkpoint was trained with.
        checkpoint (str | Path): The checkpoint; it also names the classes.
        trust (bool): See :func:`read_checkpoint`. Defaults to False.

    Raises:
        UserError: If the checkpoint is missing, refused, not of this config,
            or the config's model makes no CAMs.
    """

    def __init__(
        self, cfg: Config, checkpoint: str | Path, trust: bool = False
    ):
        init_default_scope(cfg.get('default_scope', 'mmseg'))
        drop_pretrained(cfg.model, unfreeze=False)
        model = MODELS.build(cfg.model)
        if not isinstance(model, BaseCAMClassifier):
            raise UserError(
                f'the config has a {type(model).__name__}, which makes no '
                'CAMs of a picture: give the config of a classifier'
            )
        content = read_checkpoint(checkpoint, trust=trust)
        state = content.get('state_dict', content)
        require_match(model, state, str(checkpoint))
        model.load_state_dict(state)
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        self.model = model.to(device).eval()
        self.classes = _class_names(cfg, content, model.num_classes)

    @property
    def score_thr(self) -> float:
        """Score above which a class counts as found."""
        return float(self.model.cam_method.score_thr)

    @torch.no_grad()
    def __call__(self, image: str | Path, labels=None) -> SegDataSample:
        """Predict as the test loop does.

        Args:
            image (str | Path): The picture.
            labels (Sequence[str], optional): Classes whose maps are made.
                Defaults to None: those with a score above 0.5, and the best.

        Returns:
            SegDataSample: With ``pred_score`` and ``pred_cam``, see
            :class:`BaseCAMClassifier`, and ``img`` as metainfo: the picture,
            (H, W, 3), uint8, BGR.

        Raises:
            DataError: If the picture is unreadable, or a label unknown.
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


def _class_names(cfg: Config, content: dict, count: int) -> tuple[str, ...]:
    """Foreground class names: the checkpoint's, or else the config's."""
    meta = content.get('meta', {}).get('dataset_meta') or {}
    names = meta.get('classes')
    if names is None:
        dataset = (cfg.get('test_dataloader') or {}).get('dataset', {})
        names = (dataset.get('metainfo') or {}).get('classes')
    names = foreground_names(
        tuple(names or PascalVOCDataset.METAINFO['classes'])
    )
    if len(names) != count:
        raise UserError(
            f'the model has {count} classes and its checkpoint or config '
            f'names {len(names)}: {", ".join(names)}'
        )
    return names
