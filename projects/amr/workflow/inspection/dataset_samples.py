"""A dataset's samples as the model sees them, without a Runner."""

from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmseg.registry import DATASETS, MODELS

from projects.amr.engine.hooks.picture_strip_hook import MIN_HEIGHT, enlarge
from projects.amr.errors import UserError
from projects.amr.structures.label_space import classes_in_mask
from projects.amr.visualization import (
    cam_picture,
    colour_labels,
    picture_strip,
)
from projects.amr.visualization.class_strips import plain_text
from projects.amr.visualization.sample_picture import (
    add_title,
    overlay_labels,
)

# Of object parts: head and body of ToyVOC, and one more.
_PART_PALETTE = ((0, 0, 0), (228, 26, 28), (55, 126, 184), (77, 175, 74))


class SampleBrowser:
    """Draws samples of one of a config's datasets, by split.

    Raises UserError if the config has no such dataset or no data preprocessor,
    DataError if the dataset breaks a rule.
    """

    def __init__(self, cfg: Config, split: str):
        init_default_scope(cfg.get('default_scope', 'mmseg'))
        loader = cfg.get(f'{split}_dataloader')
        if not loader:
            there = [
                name
                for name in ('train', 'val', 'test')
                if cfg.get(f'{name}_dataloader')
            ]
            raise UserError(
                f'the config has no {split}_dataloader; it has '
                f'{", ".join(there) or "none at all"}'
            )
        model = cfg.get('model') or {}
        config = model.get('data_preprocessor') or cfg.get('data_preprocessor')
        if not config:
            raise UserError('the config has no model.data_preprocessor')
        self.training = split == 'train'
        self.dataset = DATASETS.build(loader.dataset)
        self.preprocessor = MODELS.build(config)
        set_random_seed((cfg.get('randomness') or {}).get('seed') or 0)

    def spread(self, count: int) -> list[int]:
        """Places of so many samples, evenly spread; all if there are fewer."""
        if count < 1:
            raise UserError(f'--num must be at least 1, got {count}')
        size = len(self.dataset)
        places = np.linspace(0, size - 1, min(count, size))
        return [int(place) for place in places.round()]

    def draw(self, index: int) -> tuple[str, np.ndarray]:
        """Draw one sample: id of the image, and the picture (H, W, 3), BGR.

        The image, its labels and its CAM where it has them, under id, size and
        weak label.
        """
        info = self.dataset.get_data_info(index)
        data = self.dataset[index]
        batch = {
            'inputs': [data['inputs']],
            'data_samples': [data['data_samples']],
        }
        seen = self.preprocessor(batch, training=self.training)
        sample = seen['data_samples'][0]
        image = self._pixels(seen['inputs'][0])
        zoom = max(-(-MIN_HEIGHT // image.shape[0]), 1)
        panels = [
            (caption, enlarge(picture, zoom))
            for caption, picture in self._panels(image, sample)
        ]
        image_id = str(info.get('img_id', Path(info['img_path']).stem))
        title = [image_id, self._describe(image, sample, info)]
        lines = [plain_text(line) for line in title]
        return image_id, add_title(picture_strip(panels), lines)

    def _pixels(self, tensor: torch.Tensor) -> np.ndarray:
        """Undo what the preprocessor and the pipeline did to the values."""
        array = tensor.detach().cpu().numpy().transpose(1, 2, 0)
        # Values are scaled, and channels may change places.
        probes = 255 * torch.eye(4, 3, dtype=torch.uint8)[..., None, None]
        made = self.preprocessor({'inputs': [*probes], 'data_samples': None})
        *scales, zero = (x.flatten().cpu().numpy() for x in made['inputs'])
        array = (array - zero) @ np.linalg.inv(np.subtract(scales, zero) / 255)
        return np.ascontiguousarray(np.rint(array).clip(0, 255), np.uint8)

    def _panels(self, image: np.ndarray, sample) -> list:
        panels = [('image', image)]
        size = image.shape[1::-1]
        if 'gt_sem_seg' in sample:
            palette = self.dataset.metainfo['palette']
            labels = _array(sample.gt_sem_seg, size)
            folder = Path(sample.get('seg_map_path') or 'labels').parent.name
            panels += [
                (plain_text(folder), overlay_labels(image, labels, palette)),
                ('labels', colour_labels(labels, palette)),
            ]
        if 'gt_part' in sample:
            parts = colour_labels(_array(sample.gt_part, size), _PART_PALETTE)
            panels.append(('parts', parts))
        if 'cam_input' in sample:
            cam = sample.cam_input.cam.cpu().numpy()
            panels.append(('CAM', cam_picture(image, cam)))
        return panels

    def _describe(self, image: np.ndarray, sample, info: dict) -> str:
        """Size, flip and weak label in words."""
        names = self.dataset.metainfo['classes'][1:]
        if 'gt_label' in sample:
            present = np.flatnonzero(sample.gt_label.cpu().numpy())
        elif 'gt_sem_seg' in sample and not np.any(info.get('img_label', 0)):
            present = classes_in_mask(sample.gt_sem_seg.data.cpu().numpy())
        else:
            present = np.flatnonzero(info.get('img_label', ()))
        labels = ', '.join(str(names[k]) for k in present) or 'no label'
        height, width = image.shape[:2]
        flip = ', flipped' if sample.get('flip') else ''
        return f'{height} x {width}{flip}: {labels}'


def _array(pixels, size: tuple[int, int]) -> np.ndarray:
    """Labels (1, H', W') as (H, W), uint8; ``size`` is (W, H)."""
    labels = pixels.data[0].cpu().numpy().astype(np.uint8)
    return cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
