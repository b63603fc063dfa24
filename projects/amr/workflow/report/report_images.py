"""Photos of a report: which are shown, and their files."""

from pathlib import Path

import numpy as np

from projects.amr.datasets.images.image_ids import path_of_id, read_id_list
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.visualization.report.data import Photo
from projects.amr.visualization.report.photo_files import map_size, save_photo
from projects.amr.workflow.report.photo_outputs import (
    Folders,
    attempt,
    load_outputs,
)

MAX_PHOTOS = 3000


def gather_photos(
    folders: Folders,
    folder: Path,
    thresholds: tuple[float, ...],
    bg_thr: float,
    faults: list[str],
) -> tuple[tuple[Photo, ...], dict[str, str], str]:
    """Write the files of all photos to ``folder``, which is beside the page.

    Of more than ``MAX_PHOTOS`` photos so many are shown, evenly spread over
    the list. For ``folders`` and ``faults`` see
    :mod:`projects.amr.workflow.report.photo_outputs`; ``thresholds`` are
    background scores, ascending, and ``bg_thr`` is the one that labels and
    doubts are made with. Returns the photos, the kinds of their layers by
    name, and a note that says which photos were taken.
    """
    ids = attempt(faults, split_ids, folders) or []
    chosen = _spread(ids, MAX_PHOTOS)
    photos, kinds = [], {}
    for image_id in show_progress(chosen, len(chosen), 'report', True):
        outputs = load_outputs(folders, image_id, faults)
        if outputs.image is None:
            continue
        # Where the chain made pseudo labels, a photo without has no score.
        labels = outputs.maps.get('labels')
        if 'labels' not in folders:
            labels = outputs.cam_labels(bg_thr)
        size = map_size(outputs.image.shape[:2])
        layers = outputs.layers(size, thresholds)
        folder.mkdir(parents=True, exist_ok=True)
        names = save_photo(folder, outputs.image, layers)
        photos.append(
            Photo(
                path_of_id(image_id).encode(errors='replace').decode(),
                *(f'{folder.name}/{name}' for name in names),
                size,
                tuple(layer.name for layer in layers),
                outputs.classes(),
                attempt(faults, outputs.doubt, labels, bg_thr),
                attempt(faults, outputs.score, labels),
            )
        )
        kinds |= {layer.name: layer.kind for layer in layers}
    note = f'{len(photos):,} of {len(ids):,} photos'
    if len(chosen) < len(ids):
        note += ', taken at even steps of the list'
    return tuple(photos), kinds, note


def split_ids(folders: Folders) -> list[str]:
    """Ids of the split; without one, those of a folder of outputs.

    Raises:
        DataError: If the list breaks a rule.
    """
    if 'split' in folders:
        return read_id_list(folders['split'])
    for role in ('labels', 'cams', 'seeds', 'predictions'):
        if role in folders:
            files = folders[role].iterdir()
            return sorted(
                p.stem for p in files if p.suffix in ('.png', '.npz')
            )
    return []


def _spread(items: list[str], count: int) -> list[str]:
    """At most ``count`` items, evenly spread over all."""
    count = min(count, len(items))
    places = np.linspace(0, len(items) - 1, count).round().astype(int)
    return [items[place] for place in places]
