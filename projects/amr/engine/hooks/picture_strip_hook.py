"""Picture strips of CAMs and labels in the test loop."""

from pathlib import Path

import cv2
import mmcv
import numpy as np
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from projects.amr.runtime.files.atomic_write import write_file, writing
from projects.amr.runtime.files.fingerprint import require_own_folder
from projects.amr.visualization import (
    cam_picture,
    colour_labels,
    picture_strip,
)

MARKER = 'strips.json'  # of a folder of strips
MIN_HEIGHT = 160  # small images are enlarged to it


class PictureStripHook(Hook):
    """Base of hooks that save a strip of pictures of every n-th image.

    Runs ``after_test_iter`` and writes ``<id>.png`` to the folder; the
    subclass says what is on a strip.

    Args:
        out_dir (str, optional): Folder of the strips; nothing is drawn
            without one (``tools/test.py --show-dir`` sets it). Defaults to
            None.
        interval (int): Draw every ``interval``-th image of the list, in
            whatever order they are tested. Defaults to 1.

    Raises:
        ValueError: If ``interval`` is below 1.
        UserError: If the folder cannot be made, or holds images that
            are no strips.
    """

    priority = 'LOW'

    def __init__(self, out_dir: str | None = None, interval: int = 1):
        if interval < 1:
            raise ValueError(f'`interval` must be at least 1, got {interval}')
        self.out_dir = out_dir
        self.interval = interval
        self._chosen: set[str] = set()

    def before_test(self, runner) -> None:
        """Choose the images, and make the folder."""
        if self.out_dir is None:
            return
        dataset = runner.test_dataloader.dataset
        self._chosen = {
            dataset.get_data_info(index)['img_id']
            for index in range(0, len(dataset), self.interval)
        }
        folder = Path(self.out_dir)
        with writing(folder):
            require_own_folder(folder, '.png', MARKER)
            folder.mkdir(parents=True, exist_ok=True)
            write_file(folder / MARKER, '{}\n')

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Draw the strips of a batch."""
        if self.out_dir is None:
            return
        palette = runner.test_dataloader.dataset.metainfo['palette']
        for sample in outputs:
            if sample.img_id in self._chosen:
                self._write(sample, palette)

    def _write(self, sample, palette) -> None:
        image = mmcv.imread(sample.img_path)
        zoom = max(-(-MIN_HEIGHT // image.shape[0]), 1)
        image = enlarge(image, zoom)
        panels = [('image', image), *self.panels(sample, image, palette)]
        _, data = cv2.imencode('.png', picture_strip(panels))
        path = Path(self.out_dir) / f'{sample.img_id}.png'
        write_file(path, data.tobytes())

    def panels(
        self, sample, image: np.ndarray, palette
    ) -> list[tuple[str, np.ndarray]]:
        """Captions and pictures (H, W, 3), uint8, BGR, to follow the image."""
        raise NotImplementedError


def enlarge(picture: np.ndarray, zoom: int) -> np.ndarray:
    """Repeat each pixel of a picture (H, W[, C]) ``zoom`` times each way."""
    return picture.repeat(zoom, 0).repeat(zoom, 1)


def label_panel(labels, palette, height: int) -> np.ndarray:
    """Paint a sample's labels (1, H, W) at a multiple of H as height."""
    array = labels.data[0].cpu().numpy().astype(np.uint8)
    return enlarge(colour_labels(array, palette), height // array.shape[0])


@HOOKS.register_module()
class CAMVisualizationHook(PictureStripHook):
    """Save one picture strip an image: input, every map, the mask.

    An image with several labels shows, per pixel, the strongest class.
    Arguments are those of :class:`PictureStripHook`.
    """

    def panels(
        self, sample, image: np.ndarray, palette
    ) -> list[tuple[str, np.ndarray]]:
        """Overlay each map; paint the mask, if there is one."""
        panels = []
        for name in sample.pred_cam.maps:
            cam = sample.pred_cam.get(name).cpu().numpy()
            panels.append((name, cam_picture(image, cam)))
        if 'gt_sem_seg' in sample:
            mask = label_panel(sample.gt_sem_seg, palette, len(image))
            panels.append(('mask', mask))
        return panels


_PANELS = (
    ('prediction', 'pred_sem_seg'),
    ('with CRF', 'refined_sem_seg'),
    ('mask', 'gt_sem_seg'),
)


@HOOKS.register_module()
class LabelVisualizationHook(PictureStripHook):
    """Save one picture strip an image: input, prediction, CRF's, the mask.

    What an image does not have is left out. Arguments are those of
    :class:`PictureStripHook`.
    """

    def panels(
        self, sample, image: np.ndarray, palette
    ) -> list[tuple[str, np.ndarray]]:
        """Paint the label maps that the sample has."""
        return [
            (caption, label_panel(sample.get(key), palette, len(image)))
            for caption, key in _PANELS
            if key in sample
        ]
