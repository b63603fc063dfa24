"""ToyVOC: a generated data set that holds the weak-supervision problem.

Each class has a small *head* in colours that tell it at a glance and a
larger *body* whose texture tells it less loudly, over a cluttered
background with distractors that carry no class. A classifier trained on
image-level labels may live on the heads; segmentation needs the bodies. The
part maps say for each pixel which of the two it is.

The set is written in the layout of the VOC devkit, so that the code path of
VOC itself runs on it. How one image is drawn is in ``toy_voc_drawing``.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from projects.amr.datasets.toy_voc.drawing import ToySample, draw_sample
from projects.amr.datasets.toy_voc.files import (
    encode_jpeg,
    encode_palette_png,
    encode_xml,
)
from projects.amr.datasets.toy_voc.spec import PRESETS, ToyVOCSpec, class_names
from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.structures.voc_palette import voc_palette

__all__ = [
    'PRESETS',
    'ToySample',
    'ToyVOCSpec',
    'class_names',
    'draw_sample',
    'generate_toy_voc',
]

FORMAT_VERSION = 1  # raise it when the same spec gives other files
_MANIFEST, _STARTED = 'toyvoc.json', 'toyvoc.started.json'
_FOLDERS = (
    'JPEGImages',
    'Annotations',
    'SegmentationClass',
    'SegmentationPart',
    'ImageSets/Segmentation',
)


def generate_toy_voc(
    root: str | Path,
    spec: ToyVOCSpec,
    num_workers: int = 0,
    progress: Callable[[Iterator, int], Iterator] | None = None,
) -> Path:
    """Write the set in the layout of the VOC devkit.

    ``root`` then holds ``JPEGImages``, ``Annotations``,
    ``SegmentationClass``, ``SegmentationPart``, ``ImageSets/Segmentation``
    and, written last, ``toyvoc.json``. A complete set of the same spec is
    left as it is, and an interrupted run goes on where it stopped. Each file
    appears under its name only when it is whole. One run a folder at a time.

    Args:
        root (str | Path): Folder to fill, the counterpart of ``VOC2012``.
        spec (ToyVOCSpec): The knobs of the set.
        num_workers (int): Worker processes; 0 or 1 draws in this one. The
            files do not depend on it. Defaults to 0.
        progress (Callable, optional): Gets an iterator of the images and
            their number, and passes them on. Defaults to None.

    Returns:
        Path: ``root``.

    Raises:
        DataError: If ``root`` holds a set of another spec, or
            something else.
    """
    root = Path(root)
    manifest = _manifest(spec)
    if _find_earlier_run(root, manifest):
        return root
    _prepare_folders(root)
    _write_json(root / _STARTED, manifest)
    samples = _write_samples(root, spec, num_workers)
    if progress is not None:
        total = sum(len(ids) for ids in _splits(spec).values())
        samples = progress(samples, total)
    for _ in samples:
        pass
    for name, ids in _image_sets(spec).items():
        _write(
            root / 'ImageSets' / 'Segmentation' / f'{name}.txt',
            ''.join(f'{image_id}\n' for image_id in ids).encode(),
        )
    _write_json(root / _MANIFEST, manifest)
    (root / _STARTED).unlink()
    return root


def _manifest(spec: ToyVOCSpec) -> dict[str, Any]:
    manifest = dict(
        format='ToyVOC',
        version=FORMAT_VERSION,
        classes=class_names(spec.num_classes),
        palette=voc_palette(spec.num_classes + 1).tolist(),
        spec=asdict(spec),
    )
    return json.loads(json.dumps(manifest))  # tuples become lists


def _find_earlier_run(root: Path, manifest: dict[str, Any]) -> bool:
    """Return whether the set is complete; refuse a folder of another."""
    for name in (_MANIFEST, _STARTED):
        if (root / name).exists():
            _refuse_other_spec(root / name, manifest)
            return name == _MANIFEST
    if root.exists() and any(
        not item.name.endswith('.tmp') for item in root.iterdir()
    ):
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
    """Make the folders; drop what a killed run left half-written."""
    for folder in _FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for folder in ('.', *_FOLDERS):
        for path in (root / folder).glob('.*.tmp'):
            path.unlink()


def _splits(spec: ToyVOCSpec) -> dict[str, list[str]]:
    counts = dict(
        train=spec.num_train + spec.num_extra,
        val=spec.num_val,
        test=spec.num_test,
    )
    return {
        split: [f'toy_{split}_{index + 1:06d}' for index in range(count)]
        for split, count in counts.items()
    }


def _image_sets(spec: ToyVOCSpec) -> dict[str, list[str]]:
    splits = _splits(spec)
    train = splits['train'][: spec.num_train]
    sets = dict(
        train=train,
        val=splits['val'],
        trainval=train + splits['val'],
        train_aug=splits['train'],
    )
    return sets | dict(test=splits['test']) if spec.num_test else sets


def _write_samples(
    root: Path, spec: ToyVOCSpec, num_workers: int
) -> Iterator[None]:
    jobs = [
        (split, index, image_id)
        for split, ids in _splits(spec).items()
        for index, image_id in enumerate(ids)
    ]
    write = partial(_write_sample, root, spec)
    if num_workers <= 1:
        yield from map(write, jobs)
        return
    pool = ProcessPoolExecutor(num_workers, mp_context=get_context('spawn'))
    try:
        yield from pool.map(write, jobs, chunksize=16)
    finally:
        pool.shutdown(cancel_futures=True)


def _write_sample(
    root: Path, spec: ToyVOCSpec, job: tuple[str, int, str]
) -> None:
    split, index, image_id = job
    paths = dict(
        image=root / 'JPEGImages' / f'{image_id}.jpg',
        mask=root / 'SegmentationClass' / f'{image_id}.png',
        part=root / 'SegmentationPart' / f'{image_id}.png',
        annotation=root / 'Annotations' / f'{image_id}.xml',
    )
    if all(path.exists() for path in paths.values()):
        return
    sample = draw_sample(spec, split, index)
    _write(paths['image'], encode_jpeg(sample.image))
    _write(paths['mask'], encode_palette_png(sample.mask))
    _write(paths['part'], encode_palette_png(sample.part))
    _write(paths['annotation'], encode_xml(image_id, spec, sample))


def _write_json(path: Path, value: Any) -> None:
    _write(path, json.dumps(value, indent=2).encode() + b'\n')


def _write(path: Path, data: bytes) -> None:
    with atomic_write(path) as file:
        file.write(data)
