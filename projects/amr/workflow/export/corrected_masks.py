"""Masks that a person corrected in a labelling tool, back as label maps."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.images.image_ids import (
    same_text,
    strip_image_suffix,
)
from projects.amr.datasets.labels.coco_labels import read_coco_lists
from projects.amr.datasets.labels.coco_masks import draw_instances
from projects.amr.datasets.labels.colour_masks import (
    IGNORED_NAMES,
    load_colour_mask,
    palette_labels,
    read_palette,
)
from projects.amr.datasets.labels.reading import read_json
from projects.amr.datasets.labels.tool_labels import (
    cut_upload_prefix,
    label_studio_image,
    label_studio_tasks,
    latest_result,
    stored_name,
)
from projects.amr.datasets.own_photos.devkit_layout import read_image_map
from projects.amr.datasets.own_photos.image_folder import list_photos
from projects.amr.errors import DataError, UserError, list_faults
from projects.amr.runtime.files.atomic_write import new_folder
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.structures import load_label_map, save_label_map
from projects.amr.structures.label_map import check_palette_order
from projects.amr.structures.label_space import IGNORE_LABEL
from projects.amr.workflow.export.brush_rle import decode_brush
from projects.amr.workflow.export.tool_masks import TARGETS

KINDS = ('coco', 'colours', 'fiftyone', 'label-maps', 'label-studio')


class MaskImport:
    """Corrected masks of a split.

    Args:
        source (str | Path): A JSON (``'coco'``, ``'label-studio'``) or a
            folder of ``<photo>.png``: of colours, of FiftyOne's values (or
            ``.npy``, with ``mask_targets.json``), of label maps.
        kind (str): One of :data:`KINDS`.
        folder (VOCFolder, optional): Images and class names. None takes
            colours of any photos, and writes them under the same paths.
        palette (str | Path, optional): Which colour is which class, see
            :func:`read_palette`; ``'colours'`` needs it. Defaults to None.
        classes (tuple[str, ...], optional): Names by label, without a
            ``folder``. Defaults to None: the order of the palette.
        keep_empty (bool): Take COCO's images without an annotation as
            background. Defaults to False: nobody has drawn in them yet, and
            they are left out.
    """

    def __init__(
        self,
        source: str | Path,
        kind: str,
        folder: VOCFolder | None,
        palette: str | Path | None = None,
        classes: tuple[str, ...] | None = None,
        keep_empty: bool = False,
    ):
        self.source, self.kind, self.folder = Path(source), kind, folder
        self.palette, self.classes = palette, classes
        self.keep_empty = keep_empty
        self.skipped = 0  # images without an annotation
        if folder is None:
            return
        self.classes = folder.classes
        names = {name: i for i, name in enumerate(folder.classes)}
        self.names = {**dict.fromkeys(IGNORED_NAMES, IGNORE_LABEL), **names}
        # Photos outside the split too: a mask of one is no other's.
        photos = {i: i for i in folder.ids} | read_image_map(folder.root)
        by_path = {
            same_text(strip_image_suffix(path)): i
            for i, path in photos.items()
        }
        by_id = {same_text(i): i for i in photos}
        if kind == 'label-maps':
            self.ids = by_path | by_id
        else:
            self.ids = by_id | by_path
        self.split = frozenset(folder.ids)
        self.near: dict[str, set[str]] = {}  # by file name alone
        for name, i in self.ids.items():
            self.near.setdefault(name.rpartition('/')[2], set()).add(i)

    def write(self, out_dir: Path) -> int:
        """Check all masks, then write ``<id>.png``; how many there are.

        Raises DataError if the source cannot be read, or a mask names no image
        of the split or an unknown class, or is of another size; the first ten
        are named and nothing is written. UserError if the folder is not empty
        or cannot be written.
        """
        with new_folder(out_dir) as folder:
            found = self._found()
            for image_id, read in _with_progress(found.items()):
                path = folder / f'{image_id}.png'
                path.parent.mkdir(parents=True, exist_ok=True)
                save_label_map(path, read())
        return len(found)

    def _found(self) -> dict[str, Callable]:
        """Reader of each image's mask, after all were checked."""
        readers = {
            'coco': self._coco,
            'colours': self._colours,
            'fiftyone': self._fiftyone,
            'label-maps': self._label_maps,
            'label-studio': self._label_studio,
        }
        found: dict[str, Callable] = {}
        faults = []
        for where, name, read in _with_progress(readers[self.kind]()):
            try:
                image_id, labels = self._image_id(where, name), read()
                if self.folder is not None:
                    self.folder.check_labels(where, image_id, labels)
            except DataError as error:
                faults.append(str(error))
                continue
            except UserError:
                raise
            except Exception as error:  # malformed files raise of all kinds
                faults.append(f'{where}: {error!r}')
                continue
            if image_id in found:
                faults.append(f'{where}: {name!r} has a mask already')
            found[image_id] = read
        if faults or not found:
            listed = list_faults(faults or ['there is none'])
            raise DataError(
                f'{len(faults)} masks of {self.source} cannot be used, '
                f'nothing is written:\n{listed}'
            )
        return found

    def _image_id(self, where: str, name: str) -> str:
        """Image that a mask is of: by its path, or by its file name."""
        if self.folder is None:
            return strip_image_suffix(name)
        image_id = self._photo(where, name)
        if image_id not in self.split:
            raise DataError(f'{where}: {name!r} is not in the split')
        return image_id

    def _photo(self, where: str, name: str) -> str:
        """Photo of a name, whether in the split or not."""
        names = [name]
        if self.kind in ('coco', 'label-studio'):
            # Label Studio's COCO has its own names, such as ?d=day%201/a.jpg.
            names += [stored_name(name)]
            names += [cut_upload_prefix(names[-1])]
        stems = [same_text(strip_image_suffix(n)) for n in names]
        for stem in stems:
            if stem in self.ids:
                return self.ids[stem]
        hits = [self.near.get(stem.rpartition('/')[2], ()) for stem in stems]
        near = next(filter(None, hits), ())
        if len(near) == 1:
            return next(iter(near))
        raise DataError(
            f'{where}: {name!r} names {len(near) or "no"} images of the data '
            'set: name the mask by its photo, with its folders'
        )

    def _label(self, where: str, name: str) -> int:
        if name not in self.names:
            raise DataError(
                f'{where}: {name!r} is no class; the class list has '
                f'{", ".join(self.folder.classes)}'
            )
        return self.names[name]

    def _paths(self) -> Iterator[tuple[str, Path]]:
        for name in list_photos(self.source)[0].values():
            yield name, self.source / name

    def _label_maps(self) -> Iterator[tuple]:
        for name, path in self._paths():
            yield str(path), name, partial(self._label_map, path)

    def _label_map(self, path: Path) -> np.ndarray:
        """Labels of a PNG whose palette keeps its order."""
        labels, _ = load_label_map(path)
        check_palette_order(path, labels, len(self.classes))
        return labels

    def _colours(self) -> Iterator[tuple]:
        labels = palette_labels(read_palette(self.palette), self.classes)
        for name, path in self._paths():
            yield str(path), name, partial(load_colour_mask, path, labels)

    def _fiftyone(self) -> Iterator[tuple]:
        """Grey PNGs or arrays, with the meaning of their values."""
        targets = read_json(self.source / TARGETS)
        table = np.full(256, -1)
        table[[0, IGNORE_LABEL]] = 0, IGNORE_LABEL
        try:
            for value, name in targets.items():
                table[int(value)] = self._label(self.source / TARGETS, name)
        except (AttributeError, IndexError, TypeError) as error:
            raise DataError(
                f'{self.source / TARGETS} must be an object of values 0..255 '
                f'and names ({error})'
            ) from None
        root = self.source / 'labels'
        for path in sorted(root.rglob('*')):
            if path.suffix.lower() in ('.png', '.npy'):
                name = path.relative_to(root).with_suffix('.png').as_posix()
                yield str(path), name, partial(_targeted, path, table)

    def _label_studio(self) -> Iterator[tuple]:
        """Annotations of tasks: brushes, later ones on top."""
        for where, task in label_studio_tasks(self.source):
            result = latest_result(task)
            if result is None:
                self.skipped += 1
                continue
            read = partial(self._brushed, where, result)
            yield where, label_studio_image(where, task), read

    def _brushed(self, where: str, result: list[dict]) -> np.ndarray:
        labels = None
        for item in result:
            value = item['value']
            if 'rle' not in value:
                if item.get('type') == 'choices':
                    continue
                raise DataError(
                    f'{where}: a region of type {item.get("type")!r} is no '
                    'brush: convert it in Label Studio, or export COCO'
                )
            size = item['original_height'], item['original_width']
            if labels is None:
                labels = np.zeros(size, np.uint8)
            for name in value.get('brushlabels', ()):
                mask = decode_brush(value['rle'], size)
                labels[mask] = self._label(where, name)
        if labels is None:
            raise DataError(f'{where}: the annotation has no brush')
        return labels

    def _coco(self) -> Iterator[tuple]:
        """Annotations of images: RLE or polygons, later ones on top."""
        images, annotations, categories = read_coco_lists(self.source)
        try:
            names = {c['id']: c['name'] for c in categories}
            items: dict = {image['id']: [] for image in images}
            for item in annotations:
                items[item['image_id']].append(item)
            rows = [
                (image['file_name'], image, items[image['id']])
                for image in images
            ]
        except (KeyError, TypeError) as error:
            raise DataError(
                f'{self.source} is no COCO file of instances ({error!r})'
            ) from None
        for name, image, own in rows:
            if not own and not self.keep_empty:
                self.skipped += 1
                continue
            where = f'{self.source}, {name!r}'
            yield where, name, partial(self._drawn, where, image, own, names)

    def _drawn(self, where: str, image: dict, items: list, names: dict):
        return draw_instances(
            where,
            (int(image['height']), int(image['width'])),
            items,
            lambda item: self._label(where, names.get(item['category_id'])),
        )


def _with_progress(items: Iterable) -> Iterable:
    items = list(items)
    return show_progress(items, len(items), 'masks')


def _targeted(path: Path, table: np.ndarray) -> np.ndarray:
    """Labels of FiftyOne's values."""
    if path.suffix.lower() == '.npy':
        values = np.load(path, allow_pickle=False)
    else:
        values = load_label_map(path)[0]
    if values.ndim != 2 or not 0 <= values.min() <= values.max() <= 255:
        raise DataError(f'{path} must be (H, W) with values 0..255')
    labels = table[values.astype(np.int64)]
    if (labels < 0).any():
        unknown = np.unique(values[labels < 0]).tolist()
        raise DataError(f'{path}: values {unknown} are not in {TARGETS}')
    return labels.astype(np.uint8)
