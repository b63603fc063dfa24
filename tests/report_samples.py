"""The outputs of a small chain, made up, and the summary that names them."""

import base64
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from projects.amr.datasets import VOCFolder
from projects.amr.structures import (
    CAMRecord,
    load_label_map,
    save_boundary_map,
    save_label_map,
)
from projects.amr.structures.label_space import classes_in_mask

CLASSES = ['background', 'mallow', 'teasel', 'burdock', 'sorrel']
LABELS_OF = ('seeds', 'labels', 'predictions')
VOID = {'img', 'meta', 'br', 'link', 'input', 'hr'}


def make_outputs(root: Path, folder: Path) -> dict:
    """Write every stage's outputs for the train split; returns the roles.

    The pseudo label of the k-th image is its mask without the upper
    k / 8 of the rows: the first image is the best, the last the worst.
    """
    split = VOCFolder.open(root, 'train')
    for name in (*LABELS_OF, 'cams', 'boundaries'):
        (folder / name).mkdir(parents=True)
    for rank, image_id in enumerate(split.ids):
        mask, _ = load_label_map(split.mask_path(image_id))
        classes = classes_in_mask(mask)
        maps = np.array([(mask == k + 1)[::2, ::2] for k in classes]) * 0.9
        CAMRecord(
            classes,
            maps,
            mask.shape,
            {'spotlight': maps, 'compensation': maps},
        ).save(folder / f'cams/{image_id}.npz')
        save_boundary_map(
            folder / f'boundaries/{image_id}.npz', maps.max(0)[::2, ::2]
        )
        labels = np.where(mask == 255, 0, mask).astype(np.uint8)
        labels[: len(labels) * rank // len(split.ids)] = 0
        for name in LABELS_OF:
            save_label_map(folder / name / f'{image_id}.png', labels)
    return {
        'title': 'A toy chain',
        'toy': True,
        'images': str(root / 'JPEGImages'),
        'masks': str(root / 'SegmentationClass'),
        'split': str(root / 'ImageSets/Segmentation/train.txt'),
        **{
            name: str(folder / name)
            for name in (*LABELS_OF, 'cams', 'boundaries')
        },
    }


def curve(values, fixed=0.25, best=0.5) -> dict:
    """Details of one map at thresholds 0, 0.25, 0.5 and 0.75."""
    return {
        'thresholds': [0.0, 0.25, 0.5, 0.75],
        'mIoU': values,
        'fixed': fixed,
        'best': best,
        'classes': CLASSES,
        'IoU_fixed': [90.0, 11.0, 12.0, 13.0, None],
        'IoU_best': [91.0, 21.0, 22.0, 23.0, None],
    }


def make_summary(roles: dict) -> dict:
    """Summary of a chain with every kind of stage."""
    cam = {
        'cam/mIoU_fixed': 41.25,
        'cam/mIoU_best': 43.75,
        'cam/bg_thr_best': 0.5,
        'cam/spotlight/mIoU_fixed': 31.125,
        'cam/weighted/mIoU_fixed': 41.25,
        'classification/mAP': 97.375,
    }
    pseudo = {
        'pseudo/mIoU_fixed': 51.5,
        'pseudo/mIoU_best': 55.5,
        'labels/mIoU': 52.625,
    }
    labels = {'classes': CLASSES, 'IoU': [92.0, 61.5, 62.5, None, 64.5]}
    stages = [
        {'name': 'cam_train', 'kind': 'train', 'seconds': 71.0, 'seed': 3},
        {
            'name': 'cam_make',
            'kind': 'test',
            'status': 'kept',
            'reason': 'unchanged since it ran',
            'split': 'ImageSets/Segmentation/train.txt',
            'images': 8,
            'initialisation': 'random (--no-pretrained)',
            'metrics': cam,
            'details': {
                'cam/spotlight': curve([10.0, 31.125, 33.0, 5.0]),
                'cam/weighted': curve([20.0, 41.25, 43.75, 8.0]),
            },
        },
        {
            'name': 'affinity_make',
            'kind': 'test',
            'split': 'train.txt',
            'metrics': pseudo,
            'details': {
                'pseudo': curve([20.0, 51.5, 55.5, 8.0]),
                'labels': labels,
            },
        },
        {
            'name': 'segmentor_val',
            'kind': 'test',
            'config': 'configs/toy/deeplabv2_r26_toyvoc.py',
            'split': 'ImageSets/Segmentation/val.txt',
            'metrics': {'mIoU': 57.125, 'aAcc': 88.0, 'labels/mIoU': 57.0},
            'details': {'labels': labels},
        },
        {
            'name': 'segmentor_train_split',
            'kind': 'test',
            'config': 'configs/toy/deeplabv2_r26_toyvoc.py',
            'split': 'train.txt',
            'metrics': {'mIoU': 58.0},
        },
        {
            'name': 'upper_val',
            'kind': 'test',
            'config': 'configs/toy/deeplabv2_r26_toyvoc_supervised.py',
            'split': 'val.txt',
            'metrics': {'mIoU': 77.75},
        },
    ]
    return {
        'stages': stages,
        'roles': roles,
        'seed': 3,
        'seconds': 3.0,
        'seconds_of_all_stages': 3660.0,
        'versions': {'torch': '2.15.0'},
    }


def read_planes(path: Path) -> bytes:
    """Planes in a photo's script, which must be one call."""
    key, text = re.fullmatch(
        r'receiveMaps\("(\w+)", "([\w+/=]+)"\);\n', path.read_text()
    ).groups()
    assert key == path.stem
    return zlib.decompress(base64.b64decode(text))


class Page(HTMLParser):
    """A parsed page: tags with attributes, text, table rows, gallery."""

    def __init__(self, document: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.rows: list[list[str]] = []
        self.gallery: dict = {}
        self.text = ''
        self._open: list[str] = []
        self.feed(document)
        self.close()
        assert self._open == [], f'not closed: {self._open}'

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == 'tr':
            self.rows.append([])
        if tag in ('td', 'th'):
            self.rows[-1].append('')

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if {'style', 'script'} & {*self._open}:
            if self.tags[-1][1].get('id') == 'gallery':
                self.gallery = json.loads(data)
            return
        self.text += data
        if 'td' in self._open or 'th' in self._open:
            self.rows[-1][-1] += ' '.join(data.split())

    def all(self, tag: str) -> list[dict]:
        """Attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]
