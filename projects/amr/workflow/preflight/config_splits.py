"""The lists that a training config, or a pipeline's stages, will read."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from mmseg.registry import DATASETS

from projects.amr.datasets import VOCLabelMapDataset, VOCWeakLabelDataset
from projects.amr.datasets.voc.voc_weak_label import VOC_FOLDERS
from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.workflow.launch.own_classes import unwrapped
from projects.amr.workflow.launch.tool_setup import load_config
from projects.amr.workflow.pipeline.context import (
    StageContext,
    Workspace,
    pipeline_work_dir,
)
from projects.amr.workflow.pipeline.digests import DigestCache
from projects.amr.workflow.pipeline.own_data import use_own_data
from projects.amr.workflow.pipeline.stage import read_stages
from projects.amr.workflow.preflight.split import Source, SplitToCheck

ROLES = ('train', 'val', 'test')
MASK_LOADERS = {'LoadAnnotations', 'LoadLabelMap'}


def config_splits(
    path: str,
    cfg_options: dict | None = None,
    work_dir: str | None = None,
) -> tuple[list[SplitToCheck], list[str]]:
    """Lists of a training, test or pipeline config.

    What a pipeline makes itself (pseudo labels, a generated set) is checked
    by the stages that read it, and passed over here.

    Args:
        path (str): Config file.
        cfg_options (dict, optional): Overrides. Defaults to None.
        work_dir (str, optional): A pipeline's. Defaults to None.

    Returns:
        tuple[list[SplitToCheck], list[str]]: The lists, each once, and one
        line for what is passed over.

    Raises:
        UserError: If the config cannot be read.
    """
    args = Namespace(
        config=path,
        cfg_options=cfg_options,
        launcher='none',
        work_dir=work_dir,
        local_rank=0,
    )
    cfg = read_config(path)
    if not cfg.get('stages'):
        return _splits_of(load_config(args), ROLES)
    use_own_data(cfg)
    return _pipeline_splits(cfg, work_dir, cfg_options)


def _pipeline_splits(cfg: Config, work_dir, cfg_options):
    """Lists of all stages, each once, and what is passed over."""
    stages = read_stages(cfg)
    folder = pipeline_work_dir(cfg, work_dir)
    space = Workspace(
        folder,
        stages,
        DigestCache(folder / '.digests.json'),
        cfg_options=cfg_options,
    )
    outputs = [
        Path(space.fill(text, stage.name)).absolute()
        for stage in stages
        for text in stage.outputs.values()
    ]
    made = (folder, *outputs)
    found, passed = {}, []
    for stage in stages:
        if not stage.config:
            continue
        try:
            stage_cfg = StageContext(stage, space).cfg
            roles = ('train', 'val') if stage.kind == 'train' else ('test',)
            splits, notes = _splits_of(stage_cfg, roles, made)
        except UserError as error:
            passed.append(f'stage {stage.name}: {error}')
            continue
        passed += [f'stage {stage.name}, {note}' for note in notes]
        for split in splits:
            role = 'made' if stage.kind == 'test' else split.role
            named = SplitToCheck(
                f'{stage.name}.{split.name}', role, split.path, split.source
            )
            found.setdefault((split.path, split.source, role), named)
    return list(found.values()), list(dict.fromkeys(passed))


def _splits_of(cfg: Config, roles, made: tuple[Path, ...] = ()):
    """Lists of one config, and what is passed over."""
    splits, passed = {}, []
    for role in roles:
        loader = cfg.get(f'{role}_dataloader')
        if not loader:
            continue
        for dataset in unwrapped(loader['dataset']):
            kind = DATASETS.get(dataset['type'])
            if kind is None or not issubclass(kind, VOCWeakLabelDataset):
                passed.append(f'{role}: {dataset["type"]} is not checked')
                continue
            split = _split(role, dataset, kind)
            for path in _not_there_yet(split, made):
                passed.append(f'{role}: {path} is made by the pipeline')
                break
            else:
                splits.setdefault((split.path, split.source), split)
    return list(splits.values()), passed


def _split(role: str, dataset: dict, kind: type) -> SplitToCheck:
    """List of one dataset config."""
    root = Path(dataset.get('data_root') or '')
    folders = {**VOC_FOLDERS, **(dataset.get('data_prefix') or {})}
    label_maps = issubclass(kind, VOCLabelMapDataset)
    labels = 'none' if label_maps else dataset.get('label_source', 'xml')
    names = (dataset.get('metainfo') or kind.METAINFO)['classes']
    training = not dataset.get('test_mode', False)
    loads = _loaders(dataset)
    masks = (
        label_maps
        or labels == 'mask'
        or loads & {'LoadMaskIfPresent', *MASK_LOADERS}
    )
    source = Source(
        root=root,
        images=root / folders['img_path'],
        classes=tuple(names),
        xml_dir=root / folders['xml_path'] if labels == 'xml' else None,
        label_file=(
            root / dataset['label_file'] if labels == 'file' else None
        ),
        mask_dir=root / folders['seg_map_path'] if masks else None,
        masks_needed=(
            labels == 'mask'
            or (label_maps and training)
            or bool(loads & MASK_LOADERS)
        ),
        labels_in_masks=labels == 'mask' or (label_maps and training),
        include_difficult=dataset.get('include_difficult', True),
        image_suffix=dataset.get('img_suffix'),
        mask_suffix=dataset.get('seg_map_suffix', '.png'),
    )
    path = dataset.get('ann_file', 'ImageSets/Segmentation/train_aug.txt')
    # A classifier and an affinity network make labels of the images they are
    # tested on; a segmentor is scored on them.
    made = role == 'test' and not label_maps
    return SplitToCheck(role, 'made' if made else role, root / path, source)


def _loaders(dataset: dict) -> set[str]:
    """Names of a pipeline's transforms."""
    steps = dataset.get('pipeline') or ()
    return {str(step['type']).rpartition('.')[2] for step in steps}


def _not_there_yet(split: SplitToCheck, made: tuple[Path, ...]) -> Iterator:
    """Missing folders and lists that stages of a pipeline make."""
    source = split.source
    paths = [split.path, source.images, source.xml_dir, source.label_file]
    paths.append(source.mask_dir if source.masks_needed else None)
    for path in paths:
        if path is None or path.exists():
            continue
        if any(path.absolute().is_relative_to(folder) for folder in made):
            yield path
