"""Image-level labels as labelling tools export them.

Each reader is a few lines, since datumaro and fiftyone bring a hundred
packages and a database for files of this size.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from projects.amr.datasets.images.image_ids import strip_image_suffix
from projects.amr.datasets.labels.class_list import check_class_names
from projects.amr.datasets.labels.reading import (
    ImportedLabels,
    read_json,
    read_xml,
)
from projects.amr.datasets.own_photos.image_folder import list_photos
from projects.amr.errors import DataError, list_faults

_SPLITS = frozenset(('train', 'val', 'test', 'valid', 'validation'))
_PLACE = re.compile(r'([^?]*/)?upload/\d+/[^/?]+(\?|$)')  # of a project
_UPLOAD = re.compile(r'(^|/)[0-9a-f]{8}-(?=[^/]+$)')


def read_tool_labels(path: str | Path, kind: str) -> ImportedLabels:
    """Read what a labelling tool exported; classes are sorted.

    ``kind`` is a key of :data:`READERS`: ``'cvat'`` ("CVAT for images 1.1":
    tags, and the labels of shapes), ``'label-studio'`` (choices; JSON or
    JSON-MIN), ``'fiftyone'`` (classifications; ``labels.json`` or
    ``samples.json``) or ``'folders'`` (one folder a class).

    Raises DataError if the file cannot be read, breaks its format, names an
    image twice, or has a class name that a label file cannot hold.
    """
    path = Path(path)
    images: dict[str, tuple[str, ...]] = {}
    twice, skipped = [], 0
    for image, names in READERS[kind](path):
        if names is None:
            skipped += 1
            continue
        if not all(isinstance(name, str) for name in names):
            raise DataError(f'{path}: labels of {image!r} must be names')
        if image in images:
            twice.append(repr(image))
        images[image] = tuple(dict.fromkeys(names))
    if twice:
        raise DataError(
            f'{path}: images must be named once each:\n{list_faults(twice)}\n'
            'Export one job, or rename images that share a file name'
        )
    if not images:
        raise DataError(
            f'{path} has no labelled image ({skipped} without a label yet): '
            'is it the export of a finished job, in the format that was '
            'named?'
        )
    classes = tuple(sorted({name for own in images.values() for name in own}))
    check_class_names(((name, str(path)) for name in classes), path)
    return ImportedLabels(images, classes, skipped)


def _cvat(path: Path) -> Iterator[tuple]:
    root = read_xml(path)
    if root.tag != 'annotations' or root.find('track') is not None:
        raise DataError(
            f'{path} must hold <annotations> of <image>s: export the job as '
            '"CVAT for images 1.1"'
        )
    for number, image in enumerate(root.iter('image'), 1):
        labels = [child.get('label') for child in image]
        if not image.get('name') or None in labels:
            raise DataError(
                f'{path}: <image> number {number} must have a name, and '
                'each of its tags and shapes a label'
            )
        yield image.get('name'), labels


def _label_studio(path: Path) -> Iterator[tuple]:
    for where, task in label_studio_tasks(path):
        image = original_name(label_studio_image(where, task))
        if 'annotations' not in task:  # JSON-MIN
            yield image, _choices(task)
            continue
        result = latest_result(task)
        names = [
            name
            for item in result or ()
            for name in _choices(item['value']) or ()
        ]
        yield image, None if result is None else names


def label_studio_tasks(path: Path) -> Iterator[tuple[str, dict]]:
    """Yield each task of Label Studio's JSON, behind its place in the file.

    Raises DataError if the file holds something else.
    """
    tasks = read_json(path)
    if not isinstance(tasks, list) or not all(
        isinstance(task, dict) for task in tasks
    ):
        raise DataError(f'{path} must hold a list: export the project as JSON')
    for number, task in enumerate(tasks, 1):
        yield f'{path}, task {task.get("id", number)}', task


def label_studio_image(where: str, task: dict) -> str:
    """URL or path of a task's image, see :func:`original_name`.

    Raises DataError, with ``where``, if no value of the task names an image.
    """
    data = task.get('data')
    for value in (data if isinstance(data, dict) else task).values():
        if isinstance(value, str):
            name = stored_name(value)
            if strip_image_suffix(name) != name:
                return value
    raise DataError(f'{where}: no value of its data is the path of an image')


def original_name(value: str) -> str:
    """Name of an image before it was uploaded to Label Studio.

    Example:
        >>> original_name('/data/upload/1/0a1b2c3d-a.jpg')
        'a.jpg'
        >>> original_name('s3://bucket/20240101-a.jpg')
        '20240101-a.jpg'
    """
    name = stored_name(value)
    return cut_upload_prefix(name) if _PLACE.match(value) else name


def stored_name(value: str) -> str:
    """Name of an image where Label Studio has it; of local files the path.

    Example:
        >>> stored_name('/data/local-files/?d=day%201/a.jpg')
        'day 1/a.jpg'
        >>> stored_name('s3://bucket/a#1.jpg')
        'a#1.jpg'
    """
    parts = urlsplit(value, allow_fragments=False)
    local = parse_qs(parts.query).get('d')
    if local:
        return local[0].lstrip('/')
    path = unquote(parts.path)
    if parts.scheme or path.startswith('/'):
        return path.rpartition('/')[2]
    return path


def cut_upload_prefix(name: str) -> str:
    """Drop the eight digits that Label Studio puts before an upload's name.

    Names of dates and cameras can begin the same way: try the whole name
    first.

    Example:
        >>> cut_upload_prefix('images/0a1b2c3d-a.jpg')
        'images/a.jpg'
    """
    return _UPLOAD.sub(r'\1', name)


def latest_result(task: dict) -> list[dict] | None:
    """Result of a task's last annotation that was not cancelled."""
    annotations = task.get('annotations')
    done = [
        [
            part  # a region or a choice
            for part in item['result']
            if isinstance(part, dict) and isinstance(part.get('value'), dict)
        ]
        for item in (annotations if isinstance(annotations, list) else ())
        if isinstance(item, dict)
        and isinstance(item.get('result'), list)
        and not item.get('was_cancelled')
    ]
    return done[-1] if done else None


def _choices(part: dict) -> list | None:
    """Choices of a region or of a task of JSON-MIN: a name, or several."""
    for key in ('choice', 'choices'):
        value = part.get(key)
        value = value.get('choices') if isinstance(value, dict) else value
        if isinstance(value, (str, list)):
            return [value] if isinstance(value, str) else value
    return None


def _fiftyone(path: Path) -> Iterator[tuple]:
    content = read_json(path)
    if not isinstance(content, dict):
        content = {}
    if isinstance(content.get('labels'), dict):
        classes = content.get('classes')
        for image, target in content['labels'].items():
            where = f'{path}, {image!r}'
            yield image, _fiftyone_names(where, target, classes)
    elif isinstance(content.get('samples'), list):
        for number, sample in enumerate(content['samples'], 1):
            where = f'{path}, sample {number}'
            image = sample.get('filepath') if isinstance(sample, dict) else 0
            if not isinstance(image, str):
                raise DataError(f'{where} must have a filepath')
            image = image.removeprefix('data/')
            targets = [
                value
                for value in sample.values()
                if isinstance(value, dict)
                and str(value.get('_cls')).startswith('Classification')
            ]
            yield image, _fiftyone_names(where, targets or None, None)
    else:
        raise DataError(
            f'{path} must hold `labels` (FiftyOneImageClassificationDataset) '
            'or `samples` (FiftyOneDataset): export the dataset as one of them'
        )


def _fiftyone_names(where: str, target, classes) -> list[str] | None:
    """Names of a target: a name, an index, an object, or several."""
    if target is None:
        return None
    if isinstance(target, dict) and 'classifications' in target:
        target = target['classifications']
    if isinstance(target, list):
        names = [_fiftyone_names(where, item, classes) for item in target]
        return [name for found in names for name in found or ()]
    if isinstance(target, dict):
        return _fiftyone_names(where, target.get('label'), classes)
    if isinstance(target, str):
        return [target]
    if (
        isinstance(target, int)
        and isinstance(classes, list)
        and 0 <= target < len(classes)
    ):
        return [str(classes[target])]
    raise DataError(
        f'{where}: label {target!r} must be a name, or an index of `classes`'
    )


def _folders(path: Path) -> Iterator[tuple]:
    """Photos of a folder of one folder a class."""
    photos = list(list_photos(path)[0].values())
    tops = {photo.partition('/')[0] for photo in photos}
    deep = all(photo.count('/') > 1 for photo in photos)
    if deep and tops <= _SPLITS:
        raise DataError(
            f'{path} holds folders of splits ({", ".join(sorted(tops))}), '
            f'with those of classes in them: name one, such as '
            f'{path / min(tops)}'
        )
    for photo in photos:
        name, slash, _ = photo.partition('/')
        if not slash:
            raise DataError(
                f'{path / photo} lies in no folder of a class: move it to '
                f'{path}/CLASS/{photo}'
            )
        yield photo, [name]


READERS: dict[str, Callable[[Path], Iterator[tuple]]] = {
    'cvat': _cvat,
    'fiftyone': _fiftyone,
    'folders': _folders,
    'label-studio': _label_studio,
}
