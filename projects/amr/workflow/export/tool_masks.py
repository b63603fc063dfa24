"""Label maps for Label Studio (brush) and FiftyOne (segmentations)."""

import json
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np
from PIL import Image

from projects.amr.datasets.images.image_ids import strip_image_suffix
from projects.amr.errors import UserError
from projects.amr.runtime.files.atomic_write import (
    new_folder,
    write_file,
    writing,
)
from projects.amr.structures.label_space import IGNORE_LABEL
from projects.amr.workflow.export.brush_rle import encode_brush
from projects.amr.workflow.export.label_export import IGNORED, LabelFolder

TARGETS = 'mask_targets.json'
FROM_NAME, TO_NAME = 'label', 'image'
"""Names of the controls in the labelling config that is written."""


def export_label_studio(
    source: LabelFolder,
    out_file: str | Path,
    prefix: str = '/data/local-files/?d=',
) -> int:
    """Write label maps as predictions of tasks, one brush a class.

    Pixels of 255 get the label ``ignored``; ``prefix`` stands before a photo's
    path in Label Studio. Beside the JSON stands ``<name>.xml``, the labelling
    config of the project. Returns how many tasks there are.

    Raises DataError if a label map breaks a rule, UserError if the name ends
    in ``.xml`` or a file cannot be written.
    """
    if Path(out_file).suffix.lower() == '.xml':
        raise UserError(
            f'{out_file}: .xml is for the labelling config beside it, name a '
            '.json'
        )
    names = {**dict(enumerate(source.folder.classes)), IGNORE_LABEL: IGNORED}
    tasks = []
    for image_id, name, labels in source.items():
        result = [
            _brush(f'{image_id}-{label}', labels == label, names[label])
            for label in np.unique(labels).tolist()
            if label
        ]
        photo = prefix + quote(name)
        prediction = {'model_version': 'amr', 'result': result}
        tasks.append({'data': {'image': photo}, 'predictions': [prediction]})
    brushes = ''.join(
        f'\n    <Label value={quoteattr(name)}/>'
        for label, name in names.items()
        if label
    )
    with writing(out_file):
        write_file(out_file, json.dumps(tasks))
        write_file(
            Path(out_file).with_suffix('.xml'),
            f'<View>\n  <Image name="{TO_NAME}" value="$image"/>\n'
            f'  <BrushLabels name="{FROM_NAME}" toName="{TO_NAME}">{brushes}\n'
            '  </BrushLabels>\n</View>\n',
        )
    return len(tasks)


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


def export_fiftyone(source: LabelFolder, out_dir: str | Path) -> int:
    """Write label maps as ``labels/<photo>.png`` and ``mask_targets.json``.

    FiftyOne reads them as an ``ImageSegmentationDirectory``. The PNGs are
    grey, since it takes the colours of a palette for an RGB mask. Returns how
    many masks were written.

    Raises DataError if a label map breaks a rule, UserError if the folder is
    not empty or cannot be written.
    """
    targets = {**dict(enumerate(source.folder.classes)), IGNORE_LABEL: IGNORED}
    with new_folder(out_dir) as folder:
        for _, photo, labels in source.items():
            path = folder / 'labels' / f'{strip_image_suffix(photo)}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(labels).save(path)
        write_file(folder / TARGETS, json.dumps(targets))
    return len(source.folder.ids)
