"""A trained model with its class names, without a Runner."""

from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.datasets import PascalVOCDataset
from mmseg.models import BaseSegmentor
from mmseg.registry import MODELS
from torch import nn

from projects.amr.errors import UserError
from projects.amr.models.classifiers import BaseCAMClassifier
from projects.amr.runtime.checkpoints.checkpoint import require_match
from projects.amr.runtime.checkpoints.checkpoint_file import read_checkpoint
from projects.amr.runtime.checkpoints.pretrained import drop_pretrained
from projects.amr.runtime.config.config_reading import require_keys
from projects.amr.structures.voc_palette import voc_palette


@dataclass
class TrainedModel:
    """A segmentor or a CAM classifier, in eval mode."""

    model: nn.Module  # the model, on the CPU
    classes: tuple[str, ...]  # names by label, background first
    palette: list[list[int]]  # RGB colours by label
    cfg: Config  # the config that it was built from

    @property
    def kind(self) -> str:
        """``'segmentor'`` or ``'classifier'``."""
        classifies = isinstance(self.model, BaseCAMClassifier)
        return 'classifier' if classifies else 'segmentor'


def build_trained(cfg: Config, meta: dict | None = None) -> TrainedModel:
    """Build a model with its class list, its weights as they start.

    Names and colours of ``meta``, a checkpoint's ``dataset_meta``, come before
    those of the config. Raises UserError if the model is neither a segmentor
    nor a CAM classifier, or if its outputs and class names differ in number.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    drop_pretrained(cfg.model, unfreeze=False)
    model = MODELS.build(cfg.model)
    if not isinstance(model, (BaseSegmentor, BaseCAMClassifier)):
        raise UserError(
            f'the config has a {type(model).__name__}: give the config of a '
            'segmentor or of a CAM classifier'
        )
    dataset = (cfg.get('test_dataloader') or {}).get('dataset', {})
    meta = {**(dataset.get('metainfo') or {}), **(meta or {})}
    classes = meta.get('classes') or PascalVOCDataset.METAINFO['classes']
    count = _num_labels(model)
    if len(classes) != count:
        raise UserError(
            f'the model has {count} labels and its checkpoint or config '
            f'names {len(classes)}: {", ".join(classes)}'
        )
    palette = meta.get('palette') or voc_palette(len(classes))
    palette = [[int(value) for value in colour] for colour in palette]
    model.eval()  # mmseg's ResNet returns nothing here
    return TrainedModel(model, tuple(classes), palette, cfg)


def load_trained(
    cfg: Config, checkpoint: str | Path, trust: bool = False
) -> TrainedModel:
    """Build a model and load a checkpoint's weights and class list.

    Raises UserError if the checkpoint is missing, refused or not of this
    config; see also :func:`build_trained`.
    """
    require_keys(cfg, 'test', ('model',))
    content = read_checkpoint(checkpoint, trust=trust)
    meta = (content.get('meta') or {}).get('dataset_meta')
    trained = build_trained(cfg, meta)
    state = content.get('state_dict', content)
    require_match(trained.model, state, str(checkpoint))
    state = {key.removeprefix('module.'): v for key, v in state.items()}
    trained.model.load_state_dict(state)
    return trained


def _num_labels(model: nn.Module) -> int:
    if isinstance(model, BaseCAMClassifier):
        return model.num_classes + 1
    return model.decode_head.num_classes
