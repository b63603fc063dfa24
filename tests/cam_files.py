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


def write_cam_files(
    root: Path, folder: Path, split: str = 'train', seed: int = 0
) -> Path:
    """Noisy masks as ``cams``, and noise as ``boundaries``; the folder."""
    for name in ('cams', 'boundaries'):
        (folder / name).mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
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


def write_label_config(
    path: Path, root: Path, folder: Path, split: str = 'train', **transform
) -> Path:
    """A config that makes labels of those files; seeds by default."""
    if 'type' not in transform:
        seeds = {'type': 'GenerateSeed', 'fg_thr': 0.6, 'bg_thr': 0.33}
        transform = {**seeds, 'crf': None, **transform}
    steps = [
        {'type': 'LoadWeakLabelImage'},
        {'type': 'LoadCAMRecord', 'cam_dir': str(folder / 'cams')},
        {
            'type': 'LoadBoundaryMap',
            'boundary_dir': str(folder / 'boundaries'),
        },
    ]
    if transform['type'] == 'GenerateSeed':
        steps.pop()
    if (folder / 'saliency').is_dir():
        saliency = str(folder / 'saliency')
        steps.append({'type': 'LoadSaliency', 'saliency_dir': saliency})
    names = VOCFolder.open(root, split).classes
    dataset = {
        'type': 'VOCWeakLabelDataset',
        'data_root': str(root),
        'metainfo': {'classes': names},
        'ann_file': f'ImageSets/Segmentation/{split}.txt',
        'pipeline': steps,
        'test_mode': True,
    }
    if (root / 'labels.csv').is_file():
        dataset |= {'label_source': 'file', 'label_file': 'labels.csv'}
    base = Path(__file__).parents[1] / 'configs/_base_/default_runtime.py'
    path.write_text(
        f'_base_ = {str(base)!r}\n'
        f'label_transform = {transform!r}\n'
        f'test_dataloader = dict(num_workers=0, dataset={dataset!r})\n'
    )
    return path
