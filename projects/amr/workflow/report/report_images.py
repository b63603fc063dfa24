"""Where a chain's outputs are, and which of its images a report shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from projects.amr.datasets.images.image_ids import read_id_list
from projects.amr.evaluation.mask_evaluation import MaskScores, mask_confusion
from projects.amr.ops.cam import cam_to_label
from projects.amr.structures import CAMRecord, load_label_map
from projects.amr.structures.label_space import IGNORE_LABEL

IMAGES_A_GROUP = 3
MAX_RANKED = 1500
GROUPS = ('Best', 'Median', 'Worst')
UNRANKED_GROUPS = ('First', 'Middle', 'Last')
_ITEM_SUFFIXES = ('.png', '.npz')


@dataclass(frozen=True)
class StageFolders:
    """Where the outputs of a chain are; None where there are none.

    Args:
        images (Path, optional): Folder of the images.
        masks (Path, optional): Folder of the true label maps.
        cams (Path, optional): Folder of CAM records.
        seeds (Path, optional): Folder of seeds (label maps).
        boundaries (Path, optional): Folder of boundary maps.
        labels (Path, optional): Folder of pseudo labels.
        predictions (Path, optional): Folder of a segmentor's label maps.
        split (Path, optional): List of image ids.
    """

    images: Path | None = None
    masks: Path | None = None
    cams: Path | None = None
    seeds: Path | None = None
    boundaries: Path | None = None
    labels: Path | None = None
    predictions: Path | None = None
    split: Path | None = None

    @classmethod
    def from_roles(cls, roles: dict) -> 'StageFolders':
        """Take the paths out of a summary's ``roles``.

        Args:
            roles (dict): Paths by role; other roles are not looked at.

        Returns:
            StageFolders: The folders.
        """
        names = [f.name for f in fields(cls) if roles.get(f.name)]
        return cls(**{name: Path(roles[name]) for name in names})

    def ids(self) -> list[str]:
        """Ids of the split; without one, those of a folder of outputs.

        Returns:
            list[str]: In the order of the list, or sorted.

        Raises:
            DataError: If the list breaks a rule.
        """
        if self.split is not None:
            return read_id_list(self.split)
        for folder in (self.labels, self.cams, self.seeds, self.predictions):
            if folder is not None and folder.is_dir():
                files = folder.iterdir()
                return sorted(
                    p.stem for p in files if p.suffix in _ITEM_SUFFIXES
                )
        return []


@dataclass(frozen=True)
class Choice:
    """Images that a report shows.

    Args:
        groups (dict[str, list[str]]): Ids by group.
        scores (dict[str, float]): IoU in percent by id; empty if the images
            could not be ranked.
        note (str): How they were chosen, a sentence.
    """

    groups: dict[str, list[str]]
    scores: dict[str, float]
    note: str


def choose_images(
    folders: StageFolders, bg_thr: float | None, faults: list[str]
) -> Choice:
    """Choose images by the IoU of their labels with their masks.

    The labels are the pseudo labels; without any, those of the CAMs at a
    threshold. Without masks, or without a threshold, the first, the middle
    and the last images are taken. Of more than ``MAX_RANKED`` images so many
    are ranked, evenly spread over the list.

    Args:
        folders (StageFolders): Where the outputs are.
        bg_thr (float, optional): Background threshold of the CAMs.
        faults (list[str]): Gets a line for each file that is unusable.

    Returns:
        Choice: Up to ``IMAGES_A_GROUP`` images a group.
    """
    ids = attempt(folders.ids, faults) or []
    source, load = _label_source(folders, bg_thr)
    scores = {}
    if folders.masks is not None and load is not None:
        masked = [i for i in ids if (folders.masks / f'{i}.png').is_file()]
        for image_id in _spread(masked, MAX_RANKED):
            score = attempt(
                lambda i=image_id: _score(folders, i, load), faults
            )
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


def pick(
    order: Sequence[str], count: int = IMAGES_A_GROUP
) -> tuple[list[str], list[str], list[str]]:
    """Take items from the start, the middle and the end, none twice.

    Args:
        order (Sequence[str]): All items.
        count (int): Items a group where there are enough. Defaults to
            ``IMAGES_A_GROUP``.

    Returns:
        tuple[list[str], list[str], list[str]]: Start, middle, end.

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


def attempt(load: Callable, faults: list[str]):
    """Call a loader; a missing file is None, an unusable one a fault too.

    Args:
        load (Callable): Takes nothing.
        faults (list[str]): Gets the message of a file that breaks a rule.

    Returns:
        Any: What the loader returns, or None.
    """
    try:
        return load()
    except FileNotFoundError:
        return None
    except ValueError as error:  # every DataError is one
        faults.append(str(error))
        return None


def _label_source(folders: StageFolders, bg_thr: float | None):
    """What is scored, in words, and its loader."""
    if folders.labels is not None:
        return 'pseudo label', lambda image_id: load_label_map(
            folders.labels / f'{image_id}.png'
        )[0]
    if folders.cams is not None and bg_thr is not None:
        return f'CAM at threshold {bg_thr:.2f}', lambda image_id: _cam_labels(
            folders.cams / f'{image_id}.npz', bg_thr
        )
    return '', None


def _cam_labels(path: Path, bg_thr: float) -> np.ndarray:
    """Labels (H, W) of a CAM record at a threshold."""
    record = CAMRecord.load(path)
    labels = cam_to_label(
        torch.from_numpy(record.cam),
        torch.from_numpy(record.classes),
        record.size,
        bg_thr,
    )
    return labels.numpy().astype(np.uint8)


def _score(folders: StageFolders, image_id: str, load: Callable) -> float:
    """IoU of one image."""
    labels = load(image_id)
    truth = load_label_map(folders.masks / f'{image_id}.png')[0]
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
