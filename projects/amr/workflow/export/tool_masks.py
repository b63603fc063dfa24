"""Label maps for Label Studio (brush) and FiftyOne (segmentations)."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image

from projects.amr.datasets.images.image_ids import strip_image_suffix
from projects.amr.errors import UserError
from projects.amr.ops.brush_rle import encode_brush
from projects.amr.runtime.files.atomic_write import (
    atomic_write,
    write_file,
    writing,
)
from projects.amr.structures.label_space import IGNORE_LABEL
from projects.amr.workflow.export.label_export import LabelFolder

IGNORED = 'ignored'
TARGETS = 'mask_targets.json'
FROM_NAME, TO_NAME = 'label', 'image'
"""Names of the controls in the labelling config that is written."""


def export_label_studio(
    source: LabelFolder,
    out_file: str | Path,
    prefix: str = '/data/local-files/?d=',
    progress: Callable[[Iterable], Iterable] = iter,
) -> int:
    """Write label maps as predictions of tasks, one brush a class.

    Pixels of 255 get the label ``ignored``. Beside the file stands
    ``<name>.xml``, the labelling config of the project.

    Args:
        source (LabelFolder): The label maps.
        out_file (str | Path): JSON to import.
        prefix (str): What stands before a photo's path in Label Studio.
            Defaults to that of local files.
        progress (Callable): Wraps the ids. Defaults to ``iter``.

    Returns:
        int: How many tasks it holds.

    Raises:
        DataError: If a label map breaks a rule.
        UserError: If a file cannot be written.
    """
    names = {**dict(enumerate(source.folder.classes)), IGNORE_LABEL: IGNORED}
    tasks = []
    for image_id in progress(source.folder.ids):
        labels = source.labels(image_id)
        result = [
            _brush(f'{image_id}-{label}', labels == label, names[label])
            for label in np.unique(labels).tolist()
            if label
        ]
        photo = prefix + quote(source.photo(image_id))
        prediction = {'model_version': 'amr', 'result': result}
        tasks.append({'data': {'image': photo}, 'predictions': [prediction]})
    _write(out_file, json.dumps(tasks))
    brushes = ''.join(
        f'\n    <Label value={_quoted(name)}/>'
        for label, name in names.items()
        if label
    )
    _write(
        Path(out_file).with_suffix('.xml'),
        f'<View>\n  <Image name="{TO_NAME}" value="$image"/>\n'
        f'  <BrushLabels name="{FROM_NAME}" toName="{TO_NAME}">{brushes}\n'
        '  </BrushLabels>\n</View>\n',
    )
    return len(tasks)


def _quoted(name: str) -> str:
    """A name as an attribute of XML."""
    for char, code in (('&', 'amp'), ('<', 'lt'), ('"', 'quot')):
        name = name.replace(char, f'&{code};')
    return f'"{name}"'


def _brush(key: str, mask: np.ndarray, name: str) -> dict:
    """One region of a prediction."""
    height, width = mask.shape
    return {
        'id': key,
        'type': 'brushlabels',
        'from_name': FROM_NAME,
        'to_name': TO_NAME,
        'original_width': width,
        'original_height': height,
        'image_rotation': 0,
        'value': {
            'format': 'rle',
            'rle': encode_brush(mask),
            'brushlabels': [name],
        },
    }


def export_fiftyone(
    source: LabelFolder,
    out_dir: str | Path,
    progress: Callable[[Iterable], Iterable] = iter,
) -> int:
    """Write label maps as ``labels/<photo>.png`` and ``mask_targets.json``.

    FiftyOne reads them as an ``ImageSegmentationDirectory``. The PNGs are
    grey, since it takes the colours of a palette for an RGB mask.

    Args:
        source (LabelFolder): The label maps.
        out_dir (str | Path): A new or empty folder.
        progress (Callable): Wraps the ids. Defaults to ``iter``.

    Returns:
        int: How many masks were written.

    Raises:
        DataError: If a label map breaks a rule.
        UserError: If the folder is not empty or cannot be written.
    """
    out_dir = Path(out_dir)
    if out_dir.exists() and any(out_dir.iterdir()):
        raise UserError(f'{out_dir} is not empty: choose another folder')
    for image_id in progress(source.folder.ids):
        name = strip_image_suffix(source.photo(image_id))
        path = out_dir / 'labels' / f'{name}.png'
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as file:
                Image.fromarray(source.labels(image_id)).save(file, 'png')
    targets = {**dict(enumerate(source.folder.classes)), IGNORE_LABEL: IGNORED}
    _write(out_dir / TARGETS, json.dumps(targets))
    return len(source.folder.ids)


def _write(path: str | Path, text: str) -> None:
    """Publish a text file."""
    with writing(path):
        write_file(path, text)
