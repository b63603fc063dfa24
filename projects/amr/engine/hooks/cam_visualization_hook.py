"""Picture strips of CAMs in the test loop."""

import numpy as np
from mmseg.registry import HOOKS

from projects.amr.engine.hooks.picture_strip_hook import (
    PictureStripHook,
    label_panel,
)
from projects.amr.visualization.stage_pictures import cam_picture


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
