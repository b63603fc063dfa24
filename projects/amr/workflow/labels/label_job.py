"""Label maps that a config's transforms make: one PNG per image, resumable."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, TRANSFORMS

from projects.amr.datasets.images.image_size import image_size
from projects.amr.datasets.transforms.stage_outputs import INPUT_PLACES
from projects.amr.errors import UserError
from projects.amr.evaluation.label_share import count_labels
from projects.amr.evaluation.mask_evaluation import file_confusion
from projects.amr.ops.label_crf import crf_name
from projects.amr.runtime.files.atomic_write import writing
from projects.amr.runtime.files.disk_space import (
    estimate_bytes,
    png_bytes,
    require_space,
)
from projects.amr.runtime.files.fingerprint import (
    config_digest,
    file_digest,
    note_origin,
    require_origin,
    require_own_folder,
    without_keys,
)
from projects.amr.structures import (
    finished_label_map,
    save_label_map,
)
from projects.amr.workflow.labels.mask_tools import require_inputs


class LabelResult(NamedTuple):
    """Counts of one label map."""

    counts: np.ndarray  # pixels by label, (256,)
    # With the image's mask, see ``mask_confusion``; None without a mask.
    confusion: np.ndarray | None


class LabelMapJob:
    """Writes ``<out_dir>/<img_id>.png`` from the ``gt_seg_map`` of transforms.

    The key of an item is the digest of the transforms' settings and of its
    input files; an item of the same key is finished. The labels are those of
    the same transforms in a training pipeline.

    ``dataset`` is the config of a weak-label dataset in test mode, whose
    pipeline loads an image and what earlier stages made of it,
    ``label_transform`` that of the transform that makes ``gt_seg_map``, such
    as ``RandomWalkPseudoLabel``. Raises DataError if a list, image or label of
    the dataset breaks a rule, ValueError if a setting is out of range.
    """

    def __init__(
        self, dataset: dict, label_transform: dict, out_dir: str | Path
    ):
        init_default_scope('mmseg')
        self.out_dir = Path(out_dir)
        self.inputs = [
            Path(step[key])
            for step in dataset['pipeline']
            for key in INPUT_PLACES
            if key in step
        ]
        steps = [step['type'] for step in dataset['pipeline']]
        # A supervision of its own, which results must name.
        self.cue = ' with saliency' if 'LoadSaliency' in steps else ''
        self.settings = {
            **label_transform,
            'crf': crf_name(label_transform.get('crf')),
            'loading': without_keys(dataset['pipeline'], INPUT_PLACES),
        }
        self._parts = {k: str(value) for k, value in self.settings.items()}
        self.transform = TRANSFORMS.build(label_transform)
        self.dataset = DATASETS.build(dataset)
        self.classes = tuple(self.dataset.metainfo['classes'])
        infos = map(self.dataset.get_data_info, range(len(self.dataset)))
        self.infos = {info['img_id']: info for info in infos}

    def prepare(self, items: Sequence[str]) -> list[str]:
        """Make the output folder and note what labels are made from.

        ``items`` are to be made. Returns the names of the settings that
        changed since last time. Raises UserError if an input folder is
        missing, or the output folder is one of them, cannot be written or
        holds other files, DiskFullError if the missing label maps will not
        fit.
        """
        require_inputs(self.inputs, self.out_dir)
        with writing(self.out_dir):
            require_own_folder(self.out_dir, '.png')
            self.out_dir.mkdir(parents=True, exist_ok=True)
            missing = [i for i in items if not self._path(i).exists()]
            needed = estimate_bytes(
                missing,
                lambda i: png_bytes(*image_size(self.infos[i]['img_path'])),
            )
            what = f'label maps of {len(missing):,} images'
            require_space(self.out_dir, needed, what)
            return note_origin(self.out_dir, self._parts)

    def require_own(self) -> None:
        """Refuse label maps that a run of other settings began to change.

        Raises UserError, see :func:`require_origin`.
        """
        require_origin(self.out_dir, self._parts)

    def load(self, item: str) -> LabelResult | None:
        """Result of an item made under the same key, if there is one."""
        labels = finished_label_map(self._path(item), self._key(item))
        return None if labels is None else self._result(item, labels)

    def make(self, item: str) -> LabelResult:
        """Make and publish one label map.

        Raises DataError if an input is missing or breaks a rule, UserError if
        the file cannot be written, or the config's steps do not load what
        the labels are made from.
        """
        key = self._key(item)
        loaded = self.dataset.pipeline(dict(self.infos[item]))
        try:
            labels = self.transform(loaded)['gt_seg_map']
        except KeyError as error:
            raise UserError(
                f'no step of test_dataloader.dataset.pipeline, nor '
                f'label_transform, gives {error}'
            ) from None
        with writing(self._path(item)):
            save_label_map(self._path(item), labels, key=key)
        return self._result(item, labels)

    def _path(self, item: str) -> Path:
        return self.out_dir / f'{item}.png'

    def _key(self, item: str) -> str:
        files = [
            file_digest(file)
            for path in self.inputs
            for file in _input_files(path, item)
        ]
        if self.settings['crf'] != 'none':  # which reads the photo as well
            files.append(file_digest(self.infos[item]['img_path']))
        return config_digest([self.settings, files])

    def _result(self, item: str, labels: np.ndarray) -> LabelResult:
        mask, confusion = Path(self.infos[item]['seg_map_path']), None
        if mask.is_file():
            size = len(self.classes)
            confusion = file_confusion(self._path(item), mask, size)
        return LabelResult(count_labels(labels), confusion)


def _input_files(folder: Path, item: str) -> list[Path]:
    """Files of an input folder that belong to an item."""
    record = folder / f'{item}.npz'
    if record.is_file():
        return [record]
    files = [folder / f'{item}.png', folder / f'{item}.json']
    files += sorted((folder / item).glob('*.png'))
    return [path for path in files if path.is_file()]
