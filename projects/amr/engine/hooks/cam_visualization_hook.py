"""Picture strips of CAMs in the test loop."""

from pathlib import Path

import cv2
import mmcv
import numpy as np
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from projects.amr.structures import published
from projects.amr.visualization import (
    colour_labels,
    overlay_cam,
    picture_strip,
)


@HOOKS.register_module()
class CAMVisualizationHook(Hook):
    """Save one picture strip an image: input, every map, the mask.

    An image with several labels shows, per pixel, the strongest class.

    Runs ``after_test_iter`` and writes ``<id>.png`` to the folder.

    Args:
        out_dir (str, optional): Folder of the strips; nothing is drawn
            without one (``tools/test.py --show-dir`` sets it). Defaults to
            None.
        interval (int): Draw every ``interval``-th image. Defaults to 1.
        min_height (int): Small images are enlarged to this height in
            pixels. Defaults to 160.

    Raises:
        ValueError: If ``interval`` is below 1.
    """

    priority = 'LOW'

    def __init__(
        self,
        out_dir: str | None = None,
        interval: int = 1,
        min_height: int = 160,
    ):
        if interval < 1:
            raise ValueError(f'`interval` must be at least 1, got {interval}')
        self.out_dir = out_dir
        self.interval = interval
        self.min_height = min_height
        self._seen = 0

    def before_test(self, runner) -> None:
        """Start counting anew."""
        self._seen = 0
        if self.out_dir is not None:
            Path(self.out_dir).mkdir(parents=True, exist_ok=True)

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Draw the strips of a batch."""
        if self.out_dir is None:
            return
        palette = runner.test_dataloader.dataset.metainfo['palette']
        for sample in outputs:
            if self._seen % self.interval == 0:
                self._write(sample, palette)
            self._seen += 1

    def _write(self, sample, palette) -> None:
        """Draw and save one strip."""
        image = mmcv.imread(sample.img_path)
        zoom = max(-(-self.min_height // image.shape[0]), 1)
        size = (image.shape[1] * zoom, image.shape[0] * zoom)
        big = cv2.resize(image, size, interpolation=cv2.INTER_NEAREST)
        panels = [('image', big)]
        for name in sample.pred_cam.maps:
            cam = sample.pred_cam.get(name).cpu().numpy()
            best = cam.max(0) if len(cam) else np.zeros(cam.shape[1:])
            panels.append((name, overlay_cam(big, best)))
        if 'gt_sem_seg' in sample:
            mask = sample.gt_sem_seg.data[0].cpu().numpy()
            mask = colour_labels(mask, palette)
            mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
            panels.append(('mask', mask))
        _, data = cv2.imencode('.png', picture_strip(panels))
        with published(Path(self.out_dir) / f'{sample.img_id}.png') as file:
            file.write(data.tobytes())
