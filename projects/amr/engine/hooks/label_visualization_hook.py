"""Picture strips of predicted labels in the test loop."""

import numpy as np
from mmseg.registry import HOOKS

from projects.amr.engine.hooks.picture_strip_hook import (
    PictureStripHook,
    label_panel,
)

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
