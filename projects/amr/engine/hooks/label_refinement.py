"""A CRF on what a model predicted, labels or scores."""

from collections.abc import Callable
from functools import partial

import mmcv
import numpy as np

from projects.amr.errors import UserError
from projects.amr.ops.label_crf import (
    crf_name,
    refine_class_labels,
    refine_scores,
)

_PARAMS = {
    'labels': ('kernels', 'gt_prob', 'num_iters'),
    'scores': ('kernels', 'num_iters'),
}


class LabelRefinement:
    """Refines the labels of predictions with a CRF.

    Args:
        crf (str | None): ``'dense'`` or None. Defaults to None.
        source (str): What the CRF starts from: ``'labels'``, with
            :func:`refine_class_labels`, or ``'scores'``, the softmax of a
            segmentor's ``seg_logits`` at the size of the image, with
            :func:`refine_scores`. Defaults to 'labels'.
        params (dict, optional): ``kernels``, ``num_iters`` and, for labels,
            ``gt_prob`` of that function. Defaults to its own.

    Raises:
        ValueError: If an option is unknown.
    """

    def __init__(
        self,
        crf: str | None = None,
        source: str = 'labels',
        params: dict | None = None,
    ):
        crf_name(crf)
        if source not in _PARAMS:
            raise ValueError(
                f'`crf_source` must be one of {tuple(_PARAMS)}, got {source!r}'
            )
        unknown = sorted((params or {}).keys() - set(_PARAMS[source]))
        if unknown:
            raise ValueError(
                f'`crf_params` of {source} are {_PARAMS[source]}, got '
                f'{unknown}'
            )
        self.crf = crf
        self.source = source
        self.params = dict(params or {})

    def __str__(self) -> str:
        if self.crf is None:
            return crf_name(None)
        source = '' if self.source == 'labels' else 'on scores'
        words = (crf_name(self.crf), source, str(self.params or ''))
        return ' '.join(word for word in words if word)

    def __call__(
        self, sample, labels: np.ndarray, classes: np.ndarray | None = None
    ) -> np.ndarray:
        """Refine one prediction: what :meth:`prepare` gives, called."""
        return self.prepare(sample, labels, classes)()

    def prepare(
        self, sample, labels: np.ndarray, classes: np.ndarray | None = None
    ) -> Callable[[], np.ndarray]:
        """Take what the CRF needs of a prediction, without running it.

        Args:
            sample (SegDataSample): The prediction; with source 'scores' it
                has ``seg_logits`` (L, H, W).
            labels (np.ndarray): Its labels, uint8, shape (H, W).
            classes (np.ndarray, optional): Foreground class indices which
                may occur; not used for scores. Defaults to None, those in
                ``labels``.

        Returns:
            Callable: Runs the CRF, in any thread, and returns labels (H, W),
            uint8. It holds arrays, not the prediction.

        Raises:
            UserError: If the scores are missing.
        """
        if self.crf is None:
            return lambda: labels
        read = partial(mmcv.imread, sample.img_path, channel_order='rgb')
        if self.source == 'labels':
            return lambda: refine_class_labels(
                read(), labels, self.crf, classes, **self.params
            )
        probs = _probabilities(sample)
        return lambda: refine_scores(read(), probs, self.crf, **self.params)


def _probabilities(sample) -> np.ndarray:
    """Softmax (L, H, W) of a segmentor's prediction."""
    if 'seg_logits' not in sample or len(sample.seg_logits.data) < 2:
        raise UserError(
            "crf_source='scores' needs a segmentor with one logit a label "
            f'(`seg_logits`); this model gave {sample.keys()} for '
            f"{sample.img_id}: set crf_source='labels'"
        )
    return sample.seg_logits.data.float().softmax(0).cpu().numpy()
