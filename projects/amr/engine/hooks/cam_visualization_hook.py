"""Picture strips of CAMs in the test loop."""

import numpy as np
from mmseg.registry import HOOKS

from projects.amr.engine.hooks.picture_strip_hook import (
    PictureStripHook,
    label_panel,
)
from projects.amr.visualization import overlay_cam


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
            best = cam.max(0) if len(cam) else np.zeros(cam.shape[1:])
            panels.append((name, overlay_cam(image, best)))
        if 'gt_sem_seg' in sample:
            mask = label_panel(sample.gt_sem_seg, palette, len(image))
            panels.append(('mask', mask))
        return panels
