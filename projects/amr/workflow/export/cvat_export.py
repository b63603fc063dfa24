"""Label maps in the folders of CVAT's "Segmentation mask 1.1"."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from projects.amr.datasets.images.image_ids import strip_image_suffix
from projects.amr.errors import DataError, UserError, list_faults
from projects.amr.runtime.files.atomic_write import write_lines, writing
from projects.amr.structures import save_label_map
from projects.amr.structures.label_space import IGNORE_LABEL
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.workflow.export.label_export import LabelFolder

IGNORED = 'ignored'  # name of what is 255
LABELMAP = 'labelmap.txt'
_MASKS = 'SegmentationClass'
_LISTS = Path('ImageSets') / 'Segmentation'


def export_cvat(
    source: LabelFolder,
    out_dir: str | Path,
    ignore: str = 'declare',
    progress: Callable[[Iterable], Iterable] = iter,
) -> int:
    """Write ``labelmap.txt``, masks under the photos' own names, and a list.

    CVAT refuses a colour that ``labelmap.txt`` does not declare, so pixels
    of 255 need a label of their own. Zip the folder's contents to upload it.

    Args:
        source (LabelFolder): The label maps.
        out_dir (str | Path): A new or empty folder, or an earlier export,
            which is replaced.
        ignore (str): What to do with pixels of 255: ``'declare'`` a label
            ``ignored``, or ``'refuse'`` such maps. Defaults to 'declare'.
        progress (Callable): Wraps the ids to show progress. Defaults to
            ``iter``.

    Returns:
        int: How many masks were written.

    Raises:
        ValueError: If ``ignore`` is neither.
        DataError: If a label map or class name breaks a rule, or a map holds
            255 and is refused; nothing is written then.
        UserError: If the folder holds something else or cannot be written.
    """
    if ignore not in ('declare', 'refuse'):
        raise ValueError(
            f"`ignore` must be 'declare' or 'refuse', got {ignore!r}"
        )
    out_dir, ids = Path(out_dir), source.folder.ids
    ignored = [i for i in ids if (source.labels(i) == IGNORE_LABEL).any()]
    if ignored and ignore == 'refuse':
        raise DataError(
            f'{len(ignored)} label maps have pixels of 255:\n'
            f'{list_faults(ignored)}\nDeclare them as a label of their own: '
            '--ignore declare'
        )
    lines = labelmap_lines(source.folder.classes, bool(ignored))
    with writing(out_dir):
        _open_folder(out_dir)
        write_lines(out_dir / LABELMAP, lines)
        names = [strip_image_suffix(source.photo(i)) for i in ids]
        for image_id, name in progress(list(zip(ids, names, strict=True))):
            path = out_dir / _MASKS / f'{name}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            save_label_map(path, source.labels(image_id))
        (out_dir / _LISTS).mkdir(parents=True)
        write_lines(out_dir / _LISTS / 'default.txt', names)
    return len(ids)


def unlisted_names(source: LabelFolder) -> list[str]:
    """Names of photos that a list of CVAT's format cannot hold.

    Its readers strip lines and take ``#`` for a comment; there is no way of
    escaping.
    """
    names = [source.photo(image_id) for image_id in source.folder.ids]
    return [
        name
        for name in names
        if (stem := strip_image_suffix(name)) != stem.strip()
        or stem.startswith('#')
        or not stem.isprintable()
    ]


def labelmap_lines(classes: tuple[str, ...], ignored: bool) -> list[str]:
    """Lines of ``labelmap.txt``: label, colour, parts, actions.

    Args:
        classes (tuple[str, ...]): Names by label, background first.
        ignored (bool): Whether 255 is declared.

    Raises:
        DataError: If a class name cannot be written there.

    Example:
        >>> labelmap_lines(('background', 'dog'), True)[1:]
        ['background:0,0,0::', 'dog:128,0,0::', 'ignored:224,224,192::']
    """
    bad = [
        name
        for name in classes
        if ':' in name or name.startswith('#') or name == IGNORED
    ]
    if bad:
        raise DataError(
            "CVAT's label map cannot hold class names with ':', starting "
            f'with #, or {IGNORED!r}: {", ".join(bad)}'
        )
    names = dict(enumerate(classes))
    if ignored:
        names[IGNORE_LABEL] = IGNORED
    palette = voc_palette()
    colours = {k: ','.join(map(str, palette[k].tolist())) for k in names}
    return [
        '# label:color_rgb:parts:actions',
        *(f'{name}:{colours[label]}::' for label, name in names.items()),
    ]


def _open_folder(out_dir: Path) -> None:
    """Make the folder, or empty that of an earlier export."""
    out_dir.mkdir(parents=True, exist_ok=True)
    found = {path.name for path in out_dir.iterdir()}
    if found and (
        LABELMAP not in found or found - {LABELMAP, _MASKS, _LISTS.parts[0]}
    ):
        raise UserError(
            f'{out_dir} is not empty and holds no earlier export: choose an '
            'empty or a new folder'
        )
    for name in (_MASKS, _LISTS.parts[0]):
        shutil.rmtree(out_dir / name, ignore_errors=True)
