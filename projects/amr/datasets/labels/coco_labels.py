"""Weak labels of COCO's ``instances_*.json``: the classes of each image."""

from pathlib import Path

from projects.amr.datasets.labels.reading import ImportedLabels, read_json
from projects.amr.errors import DataError, list_faults


def read_coco_labels(
    path: str | Path,
    with_crowds: bool = True,
    lists: list[list[dict]] | None = None,
) -> ImportedLabels:
    """Read which classes the annotations of a COCO file name.

    Images are named by their files, those without annotations included;
    classes are in the order of their ids. Without ``with_crowds`` annotations
    with ``iscrowd`` do not count. ``lists`` are those of
    :func:`read_coco_lists`, if the file is read already.

    Raises DataError if the file cannot be read, or if ids or names do not fit
    together; the first ten are named.
    """
    images, annotations, categories = lists or read_coco_lists(path)
    names = _by_id(path, 'categories', categories, lambda c: c.get('name'))
    files = _by_id(path, 'images', images, _file_name)
    found: dict[int, set] = {key: set() for key in files}
    faults, crowds = [], 0
    for number, item in enumerate(annotations):
        image, category = item.get('image_id'), item.get('category_id')
        known = ((image, files), (category, names))
        if not all(isinstance(k, int) and k in ids for k, ids in known):
            faults.append(
                f'annotation {item.get("id", number)}: image_id {image!r}, '
                f'category_id {category!r}'
            )
        elif item.get('iscrowd') and not with_crowds:
            crowds += 1
        else:
            found[image].add(category)
    if faults:
        raise DataError(
            f'{path}: {len(faults)} annotations name an image or a category '
            f'that is not listed:\n{list_faults(faults)}'
        )
    order = sorted(names)
    classes = {
        file: tuple(names[key] for key in order if key in found[image])
        for image, file in files.items()
    }
    return ImportedLabels(classes, tuple(names[k] for k in order), crowds)


def read_coco_lists(path: str | Path) -> list[list[dict]]:
    """Read ``images``, ``annotations`` and ``categories`` of a COCO file.

    Raises DataError if the file is missing or no such JSON.
    """
    content = read_json(path)
    keys = ('images', 'annotations', 'categories')
    lists = [
        content.get(key) if isinstance(content, dict) else None for key in keys
    ]
    for key, items in zip(keys, lists, strict=True):
        if not isinstance(items, list) or not all(
            isinstance(item, dict) for item in items
        ):
            raise DataError(
                f'{path} has no list `{key}`: it is not the annotations of '
                'COCO instances'
            )
    return lists


def _by_id(path, what: str, items: list[dict], name_of) -> dict:
    """Names by id; each must be there once."""
    found: dict = {}
    for item in items:
        key, name = item.get('id'), name_of(item)
        if not isinstance(key, int) or not isinstance(name, str) or not name:
            raise DataError(f'{path}: {what} must have id and name: {item}')
        if key in found or (what == 'categories' and name in found.values()):
            raise DataError(f'{path}: {what} {key}, {name!r}, occurs twice')
        found[key] = name
    if len(set(found.values())) < len(found):
        raise DataError(f'{path}: two of the {what} have one name')
    return found


def _file_name(item: dict) -> str | None:
    """File of an image; LVIS has only its URL."""
    url = str(item.get('coco_url') or '')
    return item.get('file_name') or url.rpartition('/')[2]
