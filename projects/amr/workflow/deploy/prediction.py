"""What a trained model makes of photos that no data set holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.dataset import Compose
from mmseg.structures import SegDataSample

from projects.amr.datasets.images.image_ids import (
    check_relative,
    strip_image_suffix,
)
from projects.amr.datasets.labels.class_list import CLASS_FILE
from projects.amr.datasets.labels.weak_labels import ClassNames
from projects.amr.datasets.own_photos.image_folder import list_photos
from projects.amr.datasets.transforms.loading import (
    LoadWeakLabelImage,
    loads_masks,
)
from projects.amr.errors import DataError, UserError, list_faults
from projects.amr.runtime.files.atomic_write import (
    write_file,
    write_lines,
    writing,
)
from projects.amr.runtime.files.fingerprint import (
    config_digest,
    file_digest,
    model_config_digest,
    note_origin,
    require_own_folder,
    weights_digest,
)
from projects.amr.structures import (
    finished_label_map,
    save_label_map,
)
from projects.amr.structures.label_space import foreground_names, multi_hot
from projects.amr.visualization.sample_picture import overlay_labels
from projects.amr.workflow.deploy.trained_model import TrainedModel

LABELS, OVERLAYS = 'labels', 'overlays'


def list_sources(source: str | Path, out_dir: Path) -> dict[str, Path]:
    """Photos by name of a folder, or of a text file that lists video frames.

    A folder is entered with its sub-folders, but for ``out_dir``; a ``.txt``
    has one path a line, under the list's folder or absolute. The name is that
    of the outputs: the path without suffix under the folder; of an absolute
    path the file's name.
    Raises DataError if there is no photo, or two would have one name;
    UserError if the photos' folder is ``out_dir``.
    """
    source = Path(source)
    if source.is_dir():
        if source.resolve() == out_dir.resolve():
            raise UserError(
                f'{out_dir} holds the photos: choose another folder to write'
            )
        paths = list_photos(source, [out_dir])[0].values()
        return {strip_image_suffix(path): source / path for path in paths}
    try:
        lines = source.read_text(encoding='utf-8-sig').splitlines()
    except (OSError, ValueError) as error:
        raise DataError(
            f'{source} is neither a folder of photos nor a list of frames '
            f'({error})'
        ) from None
    found: dict[str, Path] = {}
    faults = []
    for number, line in enumerate(lines, 1):
        if not (text := line.strip()):
            continue
        path = source.parent / text
        name = strip_image_suffix(
            path.name if Path(text).is_absolute() else Path(text).as_posix()
        )
        rule = check_relative(name)
        if name in found:
            rule = f'has the name of {found[name]}'
        if rule is None and not path.is_file():
            rule = 'is no file'
        if rule:
            faults.append(f'line {number}: {text!r} {rule}')
        found[name] = path
    if faults or not found:
        raise DataError(
            f'{source} must list one photo a line, each once:\n'
            f'{list_faults(faults or ["it is empty"])}'
        )
    return found


@dataclass
class PredictionJob:
    """Makes ``labels/<name>.png`` and ``overlays/<name>.jpg``.

    An item is finished when its label map has the key of these weights, this
    config and this photo; the overlay is published first.
    """

    trained: TrainedModel  # a segmentor
    sources: dict[str, Path]  # see :func:`list_sources`
    out_dir: Path  # folder of the outputs
    opacity: float = 0.6  # of the overlays' colours

    def prepare(self) -> list[str]:
        """Open the folder, build the pipeline; what changed since last time.

        Raises UserError if the model is no segmentor, or the folder cannot be
        written or holds other files.
        """
        if self.trained.kind != 'segmentor':
            raise UserError(
                'the config has a CAM classifier: give that of a segmentor, '
                'or draw CAMs with tools/cam_demo.py'
            )
        steps = self.trained.cfg.test_dataloader.dataset.pipeline
        self.pipeline = Compose(
            [step for step in steps[1:] if not loads_masks(step)]
        )
        trained = self.trained
        self.parts = {
            'weights': weights_digest(trained.model),
            'pipeline': config_digest([step.to_dict() for step in steps]),
            'model': model_config_digest(trained.cfg.model.to_dict()),
            'classes': config_digest([trained.classes, trained.palette]),
            'opacity': str(self.opacity),
        }
        with writing(self.out_dir):
            require_own_folder(self.out_dir, '.png')
            for name in {Path(name).parent for name in self.sources}:
                for kind in (LABELS, OVERLAYS):
                    folder = self.out_dir / kind / name
                    folder.mkdir(parents=True, exist_ok=True)
            write_lines(self.out_dir / CLASS_FILE, self.trained.classes)
            return note_origin(self.out_dir, self.parts)

    def load(self, item: str) -> np.ndarray | None:
        """Pixels by label, (256,), of a finished photo."""
        path, overlay = self._paths(item)
        labels = finished_label_map(path, self._key(item))
        if labels is None or not overlay.is_file():
            return None
        return np.bincount(labels.ravel(), minlength=256)

    @torch.no_grad()
    def make(self, item: str) -> np.ndarray:
        """Segment one photo; returns pixels by label, (256,)."""
        path, overlay = self._paths(item)
        loaded = LoadWeakLabelImage()({'img_path': str(self.sources[item])})
        image = loaded['img'].copy()
        batch = {k: [value] for k, value in self.pipeline(loaded).items()}
        (sample,) = self.trained.model.test_step(batch)
        labels = sample.pred_sem_seg.data[0].to('cpu', torch.uint8).numpy()
        picture = overlay_labels(
            image, labels, self.trained.palette, self.opacity
        )
        _, data = cv2.imencode('.jpg', picture)
        with writing(path):
            write_file(overlay, data.tobytes())
            save_label_map(
                path,
                labels,
                np.array(self.trained.palette, np.uint8),
                self._key(item),
            )
        return np.bincount(labels.ravel(), minlength=256)

    def _paths(self, item: str) -> tuple[Path, Path]:
        return (
            self.out_dir / LABELS / f'{item}.png',
            self.out_dir / OVERLAYS / f'{item}.jpg',
        )

    def _key(self, item: str) -> str:
        """Digest of what a photo's labels are made from."""
        photo = file_digest(self.sources[item])
        return config_digest([self.parts, photo])


@torch.no_grad()
def cams_of_photo(
    trained: TrainedModel, photo: str | Path, labels: Sequence[str] = ()
) -> SegDataSample:
    """Scores and CAMs of one photo by a classifier, as the test loop's.

    Maps are made of ``labels``, class names, or else of the classes with a
    score above 0.5 and the best. The sample has ``pred_score`` and
    ``pred_cam``, see :class:`BaseCAMClassifier`, and ``img``: the photo, (H,
    W, 3), uint8, BGR. Raises UserError if the model makes no CAMs of a photo,
    DataError if the photo is unreadable, or a label unknown.
    """
    if trained.kind != 'classifier':
        raise UserError(
            f'the config has a {type(trained.model).__name__}, which makes no '
            'CAMs of a picture: give the config of a classifier'
        )
    image = LoadWeakLabelImage()({'img_path': str(photo)})['img']
    sample = SegDataSample(metainfo={'img': image})
    if labels:
        names = ClassNames(foreground_names(trained.classes))
        indices = [names.index(label, '--labels') for label in labels]
        sample.gt_label = torch.from_numpy(multi_hot(indices, len(names)))
    inputs = torch.from_numpy(image.transpose(2, 0, 1).copy())
    data = {'inputs': [inputs], 'data_samples': [sample]}
    return trained.model.test_step(data)[0]
