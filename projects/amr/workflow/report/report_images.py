"""Images of a report: which are shown, and their pictures from every stage.

*Folders* are the roles of a pipeline's summary that are paths: ``images``,
``masks``, ``cams``, ``seeds``, ``boundaries``, ``labels``, ``predictions``
and ``split``, a list of image ids. Any may be missing. *Faults* are a list
that gets a line for each file that is unusable.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from projects.amr.datasets.images.image_files import find_image
from projects.amr.datasets.images.image_ids import read_id_list
from projects.amr.datasets.transforms import LoadWeakLabelImage
from projects.amr.evaluation.mask_evaluation import MaskScores, mask_confusion
from projects.amr.ops.cam import cam_to_label
from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
    load_label_map,
)
from projects.amr.structures.label_space import IGNORE_LABEL
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.visualization.cam_strip import colour_labels
from projects.amr.visualization.report import Panel
from projects.amr.visualization.stage_pictures import (
    boundary_picture,
    cam_picture,
)

IMAGES_PER_GROUP = 3
MAX_RANKED = 1500
GROUPS = ('Best', 'Median', 'Worst')
UNRANKED_GROUPS = ('First', 'Middle', 'Last')
LABEL_MAPS = {
    'seeds': 'seed',
    'labels': 'pseudo label',
    'predictions': 'prediction',
    'masks': 'truth',
}
_ROLES = (*LABEL_MAPS, 'images', 'cams', 'boundaries', 'split')

Folders = dict[str, Path]


def stage_folders(roles: dict) -> Folders:
    """Paths among a summary's ``roles``, by role."""
    return {role: Path(roles[role]) for role in _ROLES if roles.get(role)}


def split_ids(folders: Folders) -> list[str]:
    """Ids of the split; without one, those of a folder of outputs.

    Raises:
        DataError: If the list breaks a rule.
    """
    if 'split' in folders:
        return read_id_list(folders['split'])
    for role in ('labels', 'cams', 'seeds', 'predictions'):
        if role in folders and folders[role].is_dir():
            files = folders[role].iterdir()
            return sorted(
                p.stem for p in files if p.suffix in ('.png', '.npz')
            )
    return []


class Choice(NamedTuple):
    """Images that a report shows."""

    groups: dict[str, list[str]]  # ids by group
    scores: dict[str, float]  # IoU in percent by id; {}: not ranked
    note: str  # how they were chosen, a sentence


def choose_images(
    folders: Folders, bg_thr: float | None, faults: list[str]
) -> Choice:
    """Choose images by the IoU of their labels with their masks.

    The labels are the pseudo labels; without any, those of the CAMs at a
    threshold. Without masks, or without a threshold, the first, the middle
    and the last images are taken. Of more than ``MAX_RANKED`` images so many
    are ranked, evenly spread over the list.

    Args:
        folders (Folders): See the module.
        bg_thr (float, optional): Background threshold of the CAMs.
        faults (list[str]): See the module.

    Returns:
        Choice: Up to ``IMAGES_PER_GROUP`` images a group.
    """
    ids = attempt(faults, split_ids, folders) or []
    source, load = _label_source(folders, bg_thr)
    scores = {}
    if 'masks' in folders and load is not None:
        masked = [i for i in ids if (folders['masks'] / f'{i}.png').is_file()]
        for image_id in _spread(masked, MAX_RANKED):
            score = attempt(faults, _score, folders['masks'], image_id, load)
            if score is not None and not np.isnan(score):
                scores[image_id] = score
    if not scores:
        return Choice(
            dict(zip(UNRANKED_GROUPS, pick(sorted(ids)), strict=True)),
            {},
            'The first, the middle and the last images by name: there are no '
            'masks, or no labels, to rank images by.',
        )
    order = sorted(scores, key=lambda i: (-scores[i], i))
    return Choice(
        dict(zip(GROUPS, pick(order), strict=True)),
        scores,
        f'Chosen by the IoU of the {source} with the mask, mean over the '
        f'classes of the image; {len(scores):,} of {len(ids):,} images were '
        'ranked.',
    )


def pick(order: Sequence, count: int = IMAGES_PER_GROUP) -> tuple:
    """Take ``count`` items each from start, middle and end, none twice.

    Example:
        >>> pick('abcdefg', 2)
        (['a', 'b'], ['c', 'd'], ['f', 'g'])
        >>> pick('ab')
        (['a'], [], ['b'])
    """
    count = max(min(count, len(order) // 3), 1)
    start = list(order[:count])
    end = list(order[count:])[-count:]
    rest = list(order[count : len(order) - len(end)])
    first = max((len(rest) - count) // 2, 0)
    return start, rest[first : first + count], end


def image_iou(labels: np.ndarray, truth: np.ndarray) -> float:
    """Mean IoU over the labels that occur in one image.

    Args:
        labels (np.ndarray): Shape (H, W), uint8; 255 counts as wrong.
        truth (np.ndarray): Shape (H, W), uint8; 255 is not counted.

    Returns:
        float: In percent; nan if no pixel is counted.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> truth = np.array([[0, 1, 1, 255]], np.uint8)
        >>> image_iou(np.array([[0, 1, 0, 1]], np.uint8), truth)
        50.0
    """
    values = np.union1d(labels, truth)
    count = int(values[values != IGNORE_LABEL].max(initial=0)) + 1
    names = tuple(str(label) for label in range(count))
    iou = MaskScores(names, mask_confusion(labels, truth, count), 1).iou
    return float('nan') if np.isnan(iou).all() else float(np.nanmean(iou))


def attempt(faults: list[str], load: Callable, *args) -> Any:
    """Call a loader; missing files give None, unusable ones a fault too."""
    try:
        return load(*args)
    except FileNotFoundError:
        return None
    except ValueError as error:  # every DataError is one
        faults.append(str(error))
        return None


def _label_source(folders: Folders, bg_thr: float | None):
    """What is scored, in words, and its loader."""
    if 'labels' in folders:
        return 'pseudo label', lambda image_id: load_label_map(
            folders['labels'] / f'{image_id}.png'
        )[0]
    if 'cams' in folders and bg_thr is not None:
        return f'CAM at threshold {bg_thr:.2f}', lambda image_id: _cam_labels(
            folders['cams'] / f'{image_id}.npz', bg_thr
        )
    return '', None


def _cam_labels(path: Path, bg_thr: float) -> np.ndarray:
    """Labels (H, W) of a CAM record at a threshold."""
    record = CAMRecord.load(path)
    cam, classes = map(torch.from_numpy, (record.cam, record.classes))
    labels = cam_to_label(cam, classes, record.size, bg_thr)
    return labels.numpy().astype(np.uint8)


def _score(masks: Path, image_id: str, load: Callable) -> float:
    """IoU of one image."""
    labels = load(image_id)
    truth = load_label_map(masks / f'{image_id}.png')[0]
    if labels.shape != truth.shape:
        raise ValueError(
            f'{image_id}: labels of size {labels.shape}, mask of size '
            f'{truth.shape}; made from another image?'
        )
    return image_iou(labels, truth)


def _spread(items: list[str], count: int) -> list[str]:
    """At most ``count`` items, evenly spread over all."""
    if len(items) <= count:
        return items
    places = np.linspace(0, len(items) - 1, count).round().astype(int)
    return [items[place] for place in places]


def load_panels(
    folders: Folders, image_id: str, faults: list[str]
) -> tuple[tuple[Panel, ...], set[int]]:
    """Load one image's pictures, in the order of the stages.

    Args:
        folders (Folders): See the module.
        image_id (str): The image.
        faults (list[str]): See the module.

    Returns:
        tuple[tuple[Panel, ...], set[int]]: The pictures that exist, none
        without the image itself, and the labels that occur in them.
    """

    def load(role: str, suffix: str, loader: Callable):
        path = folders.get(role, Path('missing')) / f'{image_id}{suffix}'
        return attempt(faults, loader, path) if role in folders else None

    image = None
    if 'images' in folders and folders['images'].is_dir():
        image = attempt(faults, _load_image, folders['images'], image_id)
    if image is None:
        return (), set()
    maps, seen = {}, set()
    for role, caption in LABEL_MAPS.items():
        if (loaded := load(role, '.png', load_label_map)) is not None:
            seen |= set(np.unique(loaded[0]).tolist())
            painted = colour_labels(loaded[0], voc_palette(255))
            maps[role] = Panel(caption, painted, flat=True)
    panels = [Panel('image', image)]
    if (record := load('cams', '.npz', CAMRecord.load)) is not None:
        final = 'weighted CAM' if record.branches else 'CAM'
        for name, cam in {**record.branches, final: record.cam}.items():
            panels.append(Panel(name, cam_picture(image, cam)))
    seeds = maps.pop('seeds', None)
    panels += [seeds] if seeds else []
    if (loaded := load('boundaries', '.npz', load_boundary_map)) is not None:
        picture = boundary_picture(loaded[0], image.shape[:2])
        panels.append(Panel('boundary', picture))
    return (*panels, *maps.values()), seen


def _load_image(folder: Path, image_id: str) -> np.ndarray:
    """Load an image as the stages do, (H, W, 3), uint8, BGR."""
    path = str(find_image(folder, image_id))
    return LoadWeakLabelImage()({'img_path': path})['img']
