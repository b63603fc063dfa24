"""Label maps in the folders of CVAT's "Segmentation mask 1.1"."""

import shutil
from pathlib import Path

from projects.amr.datasets.images.image_ids import strip_image_suffix
from projects.amr.errors import DataError, UserError, list_faults
from projects.amr.runtime.files.atomic_write import write_lines, writing
from projects.amr.structures import save_label_map
from projects.amr.structures.label_space import IGNORE_LABEL
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.workflow.export.label_export import IGNORED, LabelFolder

LABELMAP = 'labelmap.txt'
_MASKS = 'SegmentationClass'
_LISTS = Path('ImageSets') / 'Segmentation'


def export_cvat(
    source: LabelFolder, out_dir: str | Path, refuse: bool = False
) -> int:
    """Write ``labelmap.txt``, masks under the photos' own names, and a list.

    The folder is new, empty, or an earlier export, which is replaced. CVAT
    refuses a colour that ``labelmap.txt`` does not declare, so pixels of 255
    need a label of their own, ``ignored``; with ``refuse`` such maps are
    refused. Zip the folder's contents to upload it. Returns how many masks
    were written.

    Raises DataError if a label map or class name breaks a rule, or a map holds
    255 and is refused; nothing is written then. UserError if the folder holds
    something else or cannot be written.
    """
    out_dir = Path(out_dir)
    ignored = [
        image_id
        for image_id, _, labels in source.items()  # checks all of them
        if (labels == IGNORE_LABEL).any()
    ]
    if ignored and refuse:
        raise DataError(
            f'{len(ignored)} label maps have pixels of 255:\n'
            f'{list_faults(ignored)}\nDeclare them as a label of their own: '
            '--ignore declare'
        )
    lines = labelmap_lines(source.folder.classes, bool(ignored))
    with writing(out_dir):
        _open_folder(out_dir)
        write_lines(out_dir / LABELMAP, lines)
        names = []
        for _, photo, labels in source.items():
            names.append(strip_image_suffix(photo))
            path = out_dir / _MASKS / f'{names[-1]}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            save_label_map(path, labels)
        (out_dir / _LISTS).mkdir(parents=True)
        write_lines(out_dir / _LISTS / 'default.txt', names)
    return len(names)


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

    ``classes`` are the names by label, background first; ``ignored`` declares
    255. Raises DataError if a class name cannot be written there.

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
