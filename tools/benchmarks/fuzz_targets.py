"""Targets of the fuzz: kinds of files, a sound one and its readers each."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fuzz_words import BINARY_WORDS, JSON_WORDS, TEXT_WORDS, XML_WORDS
from PIL import Image

from projects.amr.datasets.images.file_facts import image_facts, mask_facts
from projects.amr.datasets.images.image_ids import read_id_list
from projects.amr.datasets.images.image_size import image_size
from projects.amr.datasets.labels.class_list import (
    folder_classes,
    read_class_file,
)
from projects.amr.datasets.labels.weak_labels import (
    ClassNames,
    labels_from_mask,
    labels_from_xml,
    read_label_file,
)
from projects.amr.datasets.own_photos.devkit_layout import read_image_map
from projects.amr.datasets.transforms import LoadWeakLabelImage
from projects.amr.runtime.files.fingerprint import note_origin
from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
    save_boundary_map,
    save_label_map,
)
from projects.amr.workflow.pipeline.records import (
    DigestCache,
    StageRecord,
    describe_changes,
    started_key,
)

CLASSES = ('dog', 'cat', 'dining table')
OBJECT = '<object><name>{}</name><difficult>{}</difficult></object>'
XML = (
    '<annotation><size><width>37</width></size>'
    + OBJECT.format('dog', 0)
    + OBJECT.format('cat', 1)
    + '</annotation>'
)


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Args:
        name (str): File name; its stem names the kind.
        write (Callable): Writes a sound file to a path.
        read (Callable): Reads it as the project does, one reader after the
            other.
        words (tuple[bytes, ...]): What a mutation may put in, besides bytes.
    """

    name: str
    write: Callable[[Path], object]
    read: Callable[[Path], object]
    words: tuple[bytes, ...] = ()


def _image(path: Path, **options) -> None:
    """Write a noisy image."""
    noise = np.random.default_rng(0).integers(0, 256, (23, 37, 3), np.uint8)
    Image.fromarray(noise).save(path, **options)


def _read_image(path: Path) -> None:
    """Read an image as a scan, a data set and training do."""
    image_facts(path)
    image_size(path)
    LoadWeakLabelImage()({'img_path': str(path)})


def _mask(path: Path) -> None:
    """Write a label map."""
    labels = np.zeros((23, 37), np.uint8)
    labels[3:9, 5:20] = 2
    labels[0] = 255
    save_label_map(path, labels, key='k')


def _read_mask(path: Path) -> None:
    """Read a mask as a scan and a data set do."""
    mask_facts(path)
    labels_from_mask(path, ClassNames(CLASSES))


def _record(path: Path) -> None:
    """Write a CAM record."""
    cam = np.random.default_rng(0).random((2, 6, 10))
    CAMRecord(
        np.array([0, 2]),
        cam,
        (23, 37),
        {'spotlight': cam},
        np.array([0.9, 0.1, 0.8]),
        'key',
        np.array([1]),
    ).save(path)


def _text(text: str) -> Callable[[Path], object]:
    """Writer of a text file."""
    return lambda path: path.write_text(text)


def _json(content) -> Callable[[Path], object]:
    """Writer of a JSON file."""
    return _text(json.dumps(content))


def _table(*rows) -> Callable[[Path], object]:
    """Writer of a CSV file."""
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return _text(file.getvalue())


def _read_stage(path: Path) -> StageRecord | None:
    """Read a stage's record and compare it, as a rerun does."""
    record = StageRecord.load(path.parent)
    if record is not None:
        describe_changes(record.declared, {'a': 1})
        dict.fromkeys([*record.inputs, 'x'])
        for files in record.outputs.values():
            sorted(files.items())
        record.figures.get('metrics')
        float(record.seconds)
    return record


def _stage(path: Path) -> None:
    """Write a stage's record."""
    StageRecord(
        {'fg_thr': 0.3},
        {'a.cams': 'b' * 64},
        {'labels': {'a.png': 'c' * 64}},
        {'metrics': {'mIoU': 50.1}},
        3.5,
    ).save(path.parent)


def _one_image(cache: Path) -> Path:
    """The image that a cache beside it remembers."""
    image = cache.with_name('one.png')
    if not image.exists():
        _image(image)
    return image


def _digest_cache(path: Path) -> None:
    """Write what is remembered of one file's digest."""
    path.unlink(missing_ok=True)
    cache = DigestCache(path)
    cache.file(_one_image(path))
    cache.save()


TARGETS = (
    Target('list.txt', _text('a\nb\n2007_000032\n'), read_id_list, TEXT_WORDS),
    Target(
        'annotation.xml',
        _text(XML),
        lambda path: labels_from_xml(path, ClassNames(CLASSES)),
        XML_WORDS,
    ),
    Target(
        'labels.csv',
        _table(('image', 'labels'), ('a', 'dog;cat'), ('b.jpg', 'dog')),
        lambda path: read_label_file(path, ClassNames(CLASSES)),
        TEXT_WORDS,
    ),
    Target(
        'vectors.csv',
        _table(('image', *CLASSES), ('a', 0, 1, 1), ('b', 0, 0, 0)),
        lambda path: read_label_file(path, ClassNames(CLASSES)),
        TEXT_WORDS,
    ),
    Target(
        'labels.json',
        _json({'a': ['dog'], 'b': []}),
        lambda path: read_label_file(path, ClassNames(CLASSES)),
        JSON_WORDS,
    ),
    Target(
        'names.txt', _text('background\ndog\ncat'), read_class_file, TEXT_WORDS
    ),
    Target('photo.jpg', _image, _read_image, BINARY_WORDS),
    Target('picture.png', _image, _read_image, BINARY_WORDS),
    Target('scan.tif', _image, _read_image, BINARY_WORDS),
    Target('web.webp', _image, _read_image, BINARY_WORDS),
    Target('bitmap.bmp', _image, _read_image, BINARY_WORDS),
    Target('mask.png', _mask, _read_mask, BINARY_WORDS),
    Target('record.npz', _record, CAMRecord.load, BINARY_WORDS),
    Target(
        'boundary.npz',
        lambda path: save_boundary_map(path, np.full((5, 7), 0.5), 'key'),
        load_boundary_map,
        BINARY_WORDS,
    ),
    Target(
        'generation.json',
        lambda path: note_origin(path.parent, {'weights': 'a' * 64}),
        lambda path: note_origin(path.parent, {'weights': 'b' * 64}),
        JSON_WORDS,
    ),
    Target('stage.json', _stage, _read_stage, JSON_WORDS),
    Target(
        'started.json',
        _json({'key': 'a' * 64}),
        lambda path: started_key(path.parent),
        JSON_WORDS,
    ),
    Target(
        'digests.json',
        _digest_cache,
        lambda path: DigestCache(path).file(path.with_name('one.png')),
        JSON_WORDS,
    ),
    Target(
        'images.csv',
        _table(('id', 'path'), ('a', 'x/a.jpg')),
        lambda path: read_image_map(path.parent),
        TEXT_WORDS,
    ),
    Target(
        'toyvoc.json',
        _json({'classes': list(CLASSES)}),
        lambda path: folder_classes(path.parent),
        JSON_WORDS,
    ),
)
