"""What is to be checked: lists, and where their images and labels are."""

from dataclasses import dataclass, replace
from pathlib import Path

from projects.amr.datasets.labels.class_list import folder_classes
from projects.amr.datasets.own_photos.devkit_layout import LABEL_FILE
from projects.amr.datasets.voc.voc_folder import list_path, require_root

ROLES = ('train', 'val', 'test', 'made')


@dataclass(frozen=True)
class Source:
    """Where the images of a list are, and all that belongs to them.

    Args:
        root (Path): Data root; a link that leads out of it is counted.
        images (Path): Folder of the images.
        classes (tuple[str, ...]): Names by label, background first.
        xml_dir (Path, optional): Folder of VOC annotations, where weak
            labels come from them. Defaults to None.
        label_file (Path, optional): CSV or JSON, where they come from it.
            Defaults to None.
        mask_dir (Path, optional): Folder of the masks; None does not look at
            them. Defaults to None.
        masks_needed (bool): Whether every image must have one. Defaults to
            False.
        labels_in_masks (bool): Whether weak labels are the masks' classes.
            Defaults to False.
        include_difficult (bool): Whether objects marked difficult count.
            Defaults to True.
        image_suffix (str, optional): Defaults to None: any image suffix.
        mask_suffix (str): Defaults to '.png'.
    """

    root: Path
    images: Path
    classes: tuple[str, ...]
    xml_dir: Path | None = None
    label_file: Path | None = None
    mask_dir: Path | None = None
    masks_needed: bool = False
    labels_in_masks: bool = False
    include_difficult: bool = True
    image_suffix: str | None = None
    mask_suffix: str = '.png'


@dataclass(frozen=True)
class SplitToCheck:
    """A list, and what it is for.

    Args:
        name (str): How messages call it.
        role (str): ``'train'``, ``'val'``, ``'test'``, or ``'made'``: labels
            are made of its images, so it may overlap the training list.
        path (Path): The list.
        source (Source): Where its images are.
    """

    name: str
    role: str
    path: Path
    source: Source


def folder_splits(
    root: str | Path,
    lists: dict[str, str | None],
    label_file: str | None = None,
    mask_dir: str | None = 'SegmentationClass',
    classes: tuple[str, ...] | None = None,
) -> list[SplitToCheck]:
    """Lists of a devkit folder.

    Weak labels come from the label file; without one from ``labels.csv`` of
    own data; without that from ``Annotations``, if there is such a folder;
    else there are none to check.

    Args:
        root (str | Path): The folder that holds ``JPEGImages``.
        lists (dict[str, str | None]): By role, the name of a list in
            ``ImageSets/Segmentation`` or the path of a ``.txt``; None leaves
            it out.
        label_file (str, optional): CSV or JSON, under ``root`` or absolute.
            Defaults to None.
        mask_dir (str, optional): Folder of the masks under ``root``; None
            does not look at masks. Defaults to 'SegmentationClass'.
        classes (tuple[str, ...], optional): Names, background first.
            Defaults to None: see :func:`folder_classes`.

    Returns:
        list[SplitToCheck]: One a list.

    Raises:
        DataError: If the root is missing or its class list breaks a rule.
    """
    root = require_root(root)
    source = Source(
        root, root / 'JPEGImages', tuple(classes or folder_classes(root))
    )
    if label_file is None and (root / LABEL_FILE).is_file():
        label_file = LABEL_FILE
    if label_file is not None:
        source = replace(source, label_file=root / label_file)
    elif (root / 'Annotations').is_dir():
        source = replace(source, xml_dir=root / 'Annotations')
    if mask_dir is not None:
        source = replace(source, mask_dir=root / mask_dir)
    return [
        SplitToCheck(role, role, list_path(root, name), source)
        for role, name in lists.items()
        if name is not None
    ]
