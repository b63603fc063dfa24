"""CAMs refined by the attention of any vision-transformer classifier.

Shape legend: see :mod:`projects.amr.models.cam_methods.cam_extractor`.
"""

import torch
from mmseg.registry import TASK_UTILS

from projects.amr.models.attention_recording import recorded_attention
from projects.amr.models.cam_methods.cam_extractor import CAMExtractor
from projects.amr.ops import merge_views, select_class
from projects.amr.ops.attention_affinity import RULES, refine_by_attention
from projects.amr.ops.checks import require


@TASK_UTILS.register_module()
class AttentionAffinity(CAMExtractor):
    """A branch's CAM, refined by the patch attention of its own backbone.

    Works with every classifier whose backbone is a plain vision transformer
    of timm or mmpretrain: see :func:`recorded_attention`.

    Args:
        rule (str): ``'mctformer'`` or ``'clip_es'``, see
            :func:`projects.amr.ops.attention_affinity.refine_by_attention`.
            Defaults to 'mctformer'.
        num_layers (int, optional): Last blocks whose attention counts; None
            are all (MCTformer), CLIP-ES takes 8. Defaults to None.

    Raises:
        ValueError: If the rule is unknown.
    """

    def __init__(self, rule: str = 'mctformer', num_layers: int | None = None):
        require(rule in RULES, 'rule', rule, f'one of {tuple(RULES)}')
        self.rule = rule
        self.num_layers = num_layers

    @torch.no_grad()
    def __call__(self, branch, views, classes, scale_index):
        """Merged maps (M, h, w) of items, see :class:`CAMExtractor`."""
        with recorded_attention(branch) as attentions:
            cam = self.branch_cam(branch, views)
        cam = select_class(cam, classes).relu()
        refined = refine_by_attention(
            cam.flatten(0, 1)[:, None], attentions, self.rule, self.num_layers
        )
        return merge_views(refined.view_as(cam))
