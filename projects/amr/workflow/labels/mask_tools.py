"""Shared parts of the tools on folders of label maps."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from projects.amr.datasets import VOCFolder
from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.runtime.files.atomic_write import write_json, writing
from projects.amr.workflow.launch.own_classes import fit_class_file
from projects.amr.workflow.launch.tool_setup import package_versions


def add_folder_arguments(
    parser: argparse.ArgumentParser, required: bool = True
) -> None:
    """Add the flags that say which images, masks and classes."""
    parser.add_argument(
        '--data-root',
        required=required,
        help='folder that holds JPEGImages, as VOC2012 or a ToyVOC set',
    )
    parser.add_argument(
        '--split',
        default='train',
        help='list in ImageSets/Segmentation, or the path of a .txt',
    )
    parser.add_argument(
        '--mask-dir',
        default='SegmentationClass',
        help='folder of the masks under the data root',
    )
    parser.add_argument(
        '--classes-from',
        '--config',
        metavar='CONFIG',
        help='config whose test set names the classes; without it they are '
        "those of the data root's classes.txt or toyvoc.json, or VOC's",
    )


def open_folder(args: argparse.Namespace) -> VOCFolder:
    """Open the split that flags of :func:`add_folder_arguments` name.

    Raises UserError if the config cannot be read or names no test set.
    """
    classes = None
    if args.classes_from is not None:
        classes = config_classes(args.classes_from)
    return VOCFolder.open(args.data_root, args.split, classes, args.mask_dir)


def config_classes(path: str) -> tuple[str, ...] | None:
    """Class names of a config's test set, background first.

    None if the config leaves them to its dataset class. Raises UserError if
    there is no such config, or it has no test set.
    """
    cfg = read_config(path)
    fit_class_file(cfg)
    try:
        dataset = cfg.test_dataloader.dataset
    except AttributeError as error:
        raise UserError(f'config {path}: {error}') from None
    names = (dataset.get('metainfo') or {}).get('classes')
    return None if names is None else tuple(names)


def require_inputs(paths: Iterable[Path], out_dir: Path | None = None) -> None:
    """Raise UserError if a folder is missing, or is the output folder."""
    for path in paths:
        if not path.is_dir():
            raise UserError(f'input folder not found: {path}')
        if out_dir is not None and path.resolve() == out_dir.resolve():
            raise UserError(f'{out_dir} is an input: choose another')


def publish_summary(path: str | Path, content: dict) -> None:
    """Write a summary with the versions of the packages; UserError if not."""
    with writing(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {**content, 'versions': package_versions()})
    print(f'Summary: {path}')
