"""CAM records and boundary maps on disk, for tests of what comes after."""

from pathlib import Path

import numpy as np

from projects.amr.datasets import VOCFolder
from projects.amr.structures import (
    CAMRecord,
    load_label_map,
    save_boundary_map,
)
from projects.amr.structures.label_space import classes_in_mask


def write_cam_files(root: Path, folder: Path, split: str = 'train') -> Path:
    """Noisy masks as ``cams``, and noise as ``boundaries``; the folder."""
    for name in ('cams', 'boundaries'):
        (folder / name).mkdir()
    rng = np.random.default_rng(0)
    images = VOCFolder.open(root, split)
    for image_id in images.ids:
        mask, _ = load_label_map(images.mask_path(image_id))
        classes = classes_in_mask(mask)
        maps = np.array([0.7 * (mask == k + 1)[::4, ::4] for k in classes])
        cam = maps + 0.3 * rng.random(maps.shape)
        record = CAMRecord(classes, cam, mask.shape)
        record.save(folder / f'cams/{image_id}.npz')
        save_boundary_map(
            folder / f'boundaries/{image_id}.npz',
            rng.random(maps.shape[1:]) ** 2,
        )
    return folder
