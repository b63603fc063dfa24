"""Lists to check: of a folder, a config, or a pipeline's stages."""

from dataclasses import dataclass, replace
from pathlib import Path

from mmengine.config import Config
from mmseg.registry import DATASETS

from projects.amr.datasets import VOCLabelMapDataset, VOCWeakLabelDataset
from projects.amr.datasets.images.image_files import find_image, in_any_case
from projects.amr.datasets.labels.class_list import folder_classes
from projects.amr.datasets.own_photos.devkit_layout import LABEL_FILE
from projects.amr.datasets.voc.voc_folder import list_path, require_root
from projects.amr.datasets.voc.voc_weak_label import VOC_FOLDERS
from projects.amr.errors import DataError, UserError
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.workflow.launch.declared import data_folders
from projects.amr.workflow.launch.own_classes import (
    dataset_classes,
    datasets_of,
)
from projects.amr.workflow.launch.tool_setup import resolve_config
from projects.amr.workflow.pipeline.workspace import (
    StageContext,
    Workspace,
    read_pipeline,
)

MASK_DIR = VOC_FOLDERS['seg_map_path']
MASK_LOADERS = {'LoadAnnotations', 'LoadLabelMap'}


@dataclass(frozen=True)
class SplitToCheck:
    """A list, what it is for, and where its images and labels are."""

    name: str  # name for messages
    # ``'train'``, ``'val'``, ``'test'``, or ``'made'``: labels are made of its
    # images, so it may overlap the training list.
    role: str
    path: Path  # the list
    images: Path  # folder of the images
    classes: tuple[str, ...]  # names by label, background first
    # Folder of VOC annotations, if weak labels come from them.
    xml_dir: Path | None = None
    label_file: Path | None = None  # CSV or JSON, if weak labels come from it
    # Folder of the masks. None: they are not read.
    mask_dir: Path | None = None
    masks_needed: bool = False  # whether every image must have one
    labels_in_masks: bool = False  # whether weak labels are the masks' classes
    include_difficult: bool = True  # whether objects marked difficult count
    image_suffix: str | None = None  # none: any image suffix
    mask_suffix: str = '.png'

    def image_path(self, image_id: str) -> Path:
        """Path of an image; a :class:`DataError` if there is none."""
        if self.image_suffix is None:
            return find_image(self.images, image_id)
        return self.images / (image_id + self.image_suffix)

    def label_paths(self, image_id: str) -> dict[str, Path]:
        """Paths of an image's ``'annotation'`` and ``'mask'``, if wanted."""
        paths = {}
        if self.xml_dir is not None:
            paths['annotation'] = in_any_case(self.xml_dir / f'{image_id}.xml')
        if self.mask_dir is not None:
            name = image_id + self.mask_suffix
            paths['mask'] = in_any_case(self.mask_dir / name)
        return paths

    def missing_paths(self) -> list[Path]:
        """The list, folders and label file that do not exist."""
        paths = [self.path, self.images, self.xml_dir, self.label_file]
        paths.append(self.mask_dir if self.masks_needed else None)
        return [path for path in paths if path and not path.exists()]


def folder_splits(
    root: str | Path,
    lists: dict[str, str | None],
    label_file: str | None = None,
    mask_dir: str | None = MASK_DIR,
    classes: tuple[str, ...] | None = None,
) -> list[SplitToCheck]:
    """Lists of a devkit folder, by role: a name in VOC's folder or a .txt.

    Weak labels come from the label file, else from ``labels.csv`` of own
    photos, else from ``Annotations``; without these they are not checked. Nor
    are masks with ``mask_dir=None``. Classes are by default those of
    :func:`folder_classes`. Raises DataError if the root or a folder of masks
    that was named is missing, or its class list breaks a rule.
    """
    root = require_root(root)
    if mask_dir not in (None, MASK_DIR) and not (root / mask_dir).is_dir():
        raise DataError(
            f'folder of masks not found: {root / mask_dir}. --mask-dir is a '
            'folder under the data root, or none'
        )
    if label_file is None and (root / LABEL_FILE).is_file():
        label_file = LABEL_FILE
    xml = label_file is None and (root / 'Annotations').is_dir()
    return [
        SplitToCheck(
            role,
            role,
            list_path(root, name),
            root / 'JPEGImages',
            tuple(classes or folder_classes(root)),
            xml_dir=root / 'Annotations' if xml else None,
            label_file=root / label_file if label_file else None,
            mask_dir=root / mask_dir if mask_dir else None,
        )
        for role, name in lists.items()
        if name is not None
    ]


def config_splits(
    path: str, cfg_options: dict | None = None, work_dir: str | None = None
) -> tuple[list[SplitToCheck], list[str]]:
    """Lists of a training, test or pipeline config, each once.

    What a pipeline makes itself (pseudo labels, a generated set) is checked by
    the stages that read it, and skipped here, with a line for each. Raises
    UserError if the config cannot be read.
    """
    if read_config(path).get('stages'):
        space = read_pipeline(path, work_dir, cfg_options=cfg_options)
        return _pipeline_splits(space)
    cfg = resolve_config(path, cfg_options)
    return _splits_of(cfg, ('train', 'val', 'test'))


def _pipeline_splits(space: Workspace):
    """Lists of all stages, each once, and what is skipped."""
    made = [space.work_dir] + [
        Path(space.fill(text, stage.name)).absolute()
        for stage in space.stages
        for text in stage.outputs.values()
    ]
    found, skipped = {}, []
    for stage in space.stages:
        if not stage.config:
            continue
        try:
            cfg = StageContext(stage, space).cfg
        except UserError as error:
            skipped.append(f'stage {stage.name}: {error}')
            continue
        splits, notes = _splits_of(cfg, stage.loaders, made)
        skipped += [f'stage {stage.name}, {note}' for note in notes]
        for split in splits:
            role = 'made' if stage.kind == 'test' else split.role
            name = f'{stage.name}.{split.name}'
            named = replace(split, name=name, role=role)
            found.setdefault(replace(named, name=''), named)
    return list(found.values()), list(dict.fromkeys(skipped))


def _splits_of(cfg: Config, roles, made=()):
    """Lists of one config, and what is skipped."""
    splits, skipped = {}, []
    for role in roles:
        for dataset in datasets_of(cfg, role):
            kind = DATASETS.get(dataset['type'])
            if kind is None or not issubclass(kind, VOCWeakLabelDataset):
                skipped.append(f'{role}: {dataset["type"]} is not checked')
                continue
            split = _dataset_split(role, dataset, kind)
            not_yet = [
                path
                for path in split.missing_paths()
                if any(path.absolute().is_relative_to(m) for m in made)
            ]
            if not_yet:
                skipped.append(f'{role}: {not_yet[0]} is made by the pipeline')
            else:
                key = replace(split, name='', role='')
                splits.setdefault(key, split)
    return list(splits.values()), skipped


def _dataset_split(role: str, dataset: dict, kind: type) -> SplitToCheck:
    root = Path(dataset.get('data_root') or '')
    folders = data_folders(dataset, scored=False)
    steps = dataset.get('pipeline') or ()
    loads = {str(step['type']).rpartition('.')[2] for step in steps}
    maps = issubclass(kind, VOCLabelMapDataset)
    in_masks = dataset.get('label_source') == 'mask'
    in_masks |= maps and not dataset.get('test_mode', False)
    lists = dataset.get('ann_file', 'ImageSets/Segmentation/train_aug.txt')
    labels = dataset.get('label_file')
    return SplitToCheck(
        role,
        # A classifier and an affinity network make labels of the images they
        # are tested on; a segmentor is scored on them.
        'made' if role == 'test' and not maps else role,
        root / lists,
        folders['img_path'],
        dataset_classes(dataset),
        xml_dir=folders.get('xml_path'),
        label_file=root / labels if labels else None,
        mask_dir=folders.get('seg_map_path'),
        masks_needed=in_masks or bool(loads & MASK_LOADERS),
        labels_in_masks=in_masks,
        include_difficult=dataset.get('include_difficult', True),
        image_suffix=dataset.get('img_suffix'),
        mask_suffix=dataset.get('seg_map_suffix', '.png'),
    )
