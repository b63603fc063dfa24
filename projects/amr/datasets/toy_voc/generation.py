"""ToyVOC: a generated data set that holds the weak-supervision problem.

Each class has a small, highly discriminative *head* and a larger *body* with
weaker class cues, over a cluttered background with distractors that carry no
class. A classifier trained on image-level labels may live on the heads;
segmentation needs the bodies. The part maps say for each pixel which of the
two it is. The set has the layout of the VOC devkit.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from projects.amr.datasets.toy_voc.drawing import ToySample, draw_sample
from projects.amr.datasets.toy_voc.spec import ToyVOCSpec, class_names
from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.atomic_write import (
    atomic_write,
    write_file,
    write_lines,
)
from projects.amr.runtime.processes.item_pool import run_items
from projects.amr.structures import save_label_map
from projects.amr.structures.voc_palette import voc_palette

FORMAT_VERSION = 1  # raise it when the same spec gives other files
_MANIFEST, _STARTED = 'toyvoc.json', 'toyvoc.started.json'
_LISTS = 'ImageSets/Segmentation'
_FOLDERS = (
    'JPEGImages',
    'Annotations',
    'SegmentationClass',
    'SegmentationPart',
)


def generate_toy_voc(
    root: str | Path, spec: ToyVOCSpec, num_workers: int = 0
) -> Path:
    """Write the set in the layout of the VOC devkit.

    ``root`` then holds ``JPEGImages``, ``Annotations``, ``SegmentationClass``,
    ``SegmentationPart``, ``ImageSets/Segmentation`` and, written last,
    ``toyvoc.json``. A complete set of the same spec is kept, an interrupted
    run resumes. Files appear whole, and do not depend on ``num_workers``. One
    run per folder at a time.

    Raises DataError if ``root`` holds a set of another spec, or something
    else; otherwise as :func:`run_items`.
    """
    root = Path(root)
    manifest = dict(
        format='ToyVOC',
        version=FORMAT_VERSION,
        classes=class_names(spec.num_classes),
        palette=voc_palette(spec.num_classes + 1).tolist(),
        spec=asdict(spec),
    )
    manifest = json.loads(json.dumps(manifest))  # tuples become lists
    if _is_complete(root, manifest):
        return root
    _prepare_folders(root)
    text = json.dumps(manifest, indent=2) + '\n'
    write_file(root / _STARTED, text)
    lists = _lists(spec)
    items = [*lists['train_aug'], *lists['val'], *lists.get('test', ())]
    job = _SampleJob(root, spec)
    run_items(job, items, num_workers=num_workers, title='images')
    for name, ids in lists.items():
        write_lines(root / _LISTS / f'{name}.txt', ids)
    write_file(root / _MANIFEST, text)
    (root / _STARTED).unlink()
    return root


def _is_complete(root: Path, manifest: dict[str, Any]) -> bool:
    """Return whether the set is complete; refuse a folder of other things."""
    for name in (_MANIFEST, _STARTED):
        if (root / name).exists():
            _refuse_other_spec(root / name, manifest)
            return name == _MANIFEST
    if root.exists() and any(p.suffix != '.tmp' for p in root.iterdir()):
        raise DataError(
            f'{root} is not empty and holds no ToyVOC set (no {_MANIFEST}); '
            'choose an empty or a new folder'
        )
    return False


def _refuse_other_spec(path: Path, manifest: dict[str, Any]) -> None:
    ours = dict(manifest['spec'], version=manifest['version'])
    try:
        found = json.loads(path.read_bytes())
        theirs = dict(found['spec'], version=found['version'])
    except (ValueError, KeyError, TypeError):
        raise DataError(
            f'{path} is not the manifest of a ToyVOC set; remove the folder '
            'or choose another'
        ) from None
    differing = [
        f'{key}: there {theirs.get(key)!r}, wanted {ours.get(key)!r}'
        for key in sorted(ours.keys() | theirs.keys())
        if theirs.get(key) != ours.get(key)
    ]
    if differing:
        raise DataError(
            f'{path.parent} holds a ToyVOC set of another spec; remove the '
            f'folder or choose another:\n{list_faults(differing)}'
        )


def _prepare_folders(root: Path) -> None:
    """Create the folders; drop what a killed run left half-written."""
    for folder in (*_FOLDERS, _LISTS):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for path in root.rglob('.*.tmp'):
        path.unlink()


def _lists(spec: ToyVOCSpec) -> dict[str, list[str]]:
    """Image ids by the name of their list."""
    train_aug, val, test = (
        [f'toy_{split}_{number:06d}' for number in range(1, count + 1)]
        for split, count in (
            ('train', spec.num_train + spec.num_extra),
            ('val', spec.num_val),
            ('test', spec.num_test),
        )
    )
    train = train_aug[: spec.num_train]
    lists = dict(train=train, val=val, trainval=train + val)
    lists['train_aug'] = train_aug
    return lists | dict(test=test) if test else lists


@dataclass(frozen=True)
class _SampleJob:
    """Draws and writes the files of an image, for ``run_items``."""

    root: Path
    spec: ToyVOCSpec

    def _paths(self, image_id: str) -> list[Path]:
        suffixes = ('jpg', 'xml', 'png', 'png')
        return [
            self.root / folder / f'{image_id}.{suffix}'
            for folder, suffix in zip(_FOLDERS, suffixes, strict=True)
        ]

    def load(self, image_id: str) -> bool | None:
        """True where all files are there, else None."""
        return all(p.exists() for p in self._paths(image_id)) or None

    def make(self, image_id: str) -> bool:
        """Draw and publish one image."""
        _, split, number = image_id.split('_')
        sample = draw_sample(self.spec, split, int(number) - 1)
        image, annotation, mask, part = self._paths(image_id)
        _write_jpeg(image, sample.image)
        save_label_map(mask, sample.mask)
        save_label_map(part, sample.part)
        write_file(annotation, _annotation(image_id, self.spec, sample))
        return True


def _write_jpeg(path: Path, image: np.ndarray) -> None:
    with atomic_write(path) as file:
        # Colours stay at full resolution: heads are a few pixels wide.
        Image.fromarray(image).save(file, 'jpeg', quality=95, subsampling=0)


def _annotation(image_id: str, spec: ToyVOCSpec, sample: ToySample) -> bytes:
    height, width = sample.mask.shape
    names = ('background', *class_names(spec.num_classes))
    corners = ('xmin', 'ymin', 'xmax', 'ymax')
    content = dict(
        folder='ToyVOC',
        filename=f'{image_id}.jpg',
        size=dict(width=width, height=height, depth=3),
        segmented=1,
    )
    root = _element('annotation', content)
    for item in sample.objects:
        content = dict(
            name=names[item.label],
            difficult=int(item.difficult),
            bndbox=dict(zip(corners, item.box, strict=True)),
        )
        root.append(_element('object', content))
    ElementTree.indent(root)
    return ElementTree.tostring(root) + b'\n'


def _element(tag: str, content: Any) -> ElementTree.Element:
    element = ElementTree.Element(tag)
    if isinstance(content, dict):
        element.extend(_element(*item) for item in content.items())
    else:
        element.text = str(content)
    return element
