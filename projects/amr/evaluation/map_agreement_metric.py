"""Agreement of two branches: pixels found by both, one or neither."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS
from torch import Tensor

from projects.amr.evaluation.mask_evaluation import checked_mask
from projects.amr.ops import cam_to_label
from projects.amr.structures.label_space import IGNORE_LABEL

MAPS = ('spotlight', 'compensation')
FOUND = ('neither', 'only_compensation', 'only_spotlight', 'both')


@METRICS.register_module()
class MapAgreementMetric(BaseMetric):
    """Correlation of AMR's two maps, and which of them finds which pixel.

    Two branches can make up for each other only where they differ. Keys, all
    under ``agreement/``:

    - ``correlation``: Pearson's, of the two normalised maps of every labelled
      class, over all their positions at the maps' own size; nan where a map
      is constant. In [-1, 1].
    - ``<part>_both``, ``<part>_only_<map>``, ``<part>_neither``: share of the
      part's pixels that get their true label at ``bg_thr`` from both maps,
      from one alone or from none, in percent; ``object`` stands for all
      pixels of objects. nan for a part that does not occur. Pixels of value
      255 do not count.

    Beyond the paper, which claims that the branches are complementary and
    shows it by pictures alone.

    Args:
        bg_thr (float): Background threshold in [0, 1].
        parts (Sequence[str]): Names of the values 1.. of part maps.
            Defaults to (), objects as a whole alone.
        **kwargs: Of :class:`BaseMetric`; ``prefix`` defaults to
            ``agreement``.

    A classifier without these maps has nothing to compare: no keys, and
    the log says so.

    Raises:
        ValueError: If ``bg_thr`` is outside [0, 1].
        DataError: If a mask breaks a rule of :func:`checked_mask`.
    """

    default_prefix = 'agreement'

    def __init__(
        self,
        bg_thr: float,
        parts: Sequence[str] = (),
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not 0 <= bg_thr <= 1:
            raise ValueError(f'`bg_thr` must be within [0, 1], got {bg_thr}')
        self.bg_thr = bg_thr
        self.parts = tuple(parts)

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Take the sums of a batch of samples with ``pred_cam``.

        ``gt_sem_seg`` and ``gt_part`` for what needs them.
        """
        for sample in data_samples:
            pred = sample['pred_cam']
            if set(MAPS) - set(pred['maps']):
                self.results.append(None)
                continue
            first, second = (pred[name].float() for name in MAPS)
            self.results.append(
                {
                    'moments': moment_sums(first, second),
                    'found': self._found(pred, first, second, sample),
                }
            )

    def _found(self, pred, first, second, sample) -> np.ndarray | None:
        """Counts (P + 1, 4): the object and its parts by ``FOUND``."""
        if 'gt_sem_seg' not in sample:
            return None
        size, labels = tuple(pred['size']), len(self.dataset_meta['classes'])
        truth = checked_mask(sample, size, labels).to(first.device)
        classes = torch.tensor(
            pred['classes'], dtype=torch.long, device=first.device
        )
        right = [
            cam_to_label(cam, classes, size, self.bg_thr) == truth
            for cam in (first, second)
        ]
        found = 2 * right[0].long() + right[1].long()
        regions = [(truth > 0) & (truth != IGNORE_LABEL)]
        if self.parts and 'gt_part' in sample:
            parts = sample['gt_part']['data'][0].to(first.device)
            regions += [
                regions[0] & (parts == value)
                for value in range(1, len(self.parts) + 1)
            ]
        counts = [torch.bincount(found[r], minlength=4) for r in regions]
        return torch.stack(counts).cpu().numpy()

    def compute_metrics(self, results: list) -> dict:
        """Turn the sums of all images into metrics."""
        results = [result for result in results if result is not None]
        if not results:
            print_log(
                f'Agreement of maps: this classifier makes no {MAPS}, so '
                'there is nothing to compare',
                'current',
            )
            return {}
        moments = np.sum([result['moments'] for result in results], axis=0)
        metrics = {'correlation': pearson(moments)}
        counted = [r['found'] for r in results if r['found'] is not None]
        regions = ('object', *self.parts)
        if not counted or len({len(counts) for counts in counted}) > 1:
            counted = [counts[:1] for counts in counted]
        total = sum(counted, np.zeros((1, 4), dtype=np.int64))
        with np.errstate(invalid='ignore'):
            shares = 100 * total / total.sum(1, keepdims=True)
        for region, row in zip(regions, shares, strict=False):
            for name, share in zip(FOUND, row, strict=True):
                metrics[f'{region}_{name}'] = float(share)
        return metrics


def moment_sums(first: Tensor, second: Tensor) -> np.ndarray:
    """Float64 (6,) of two maps: n, sums of a, b, a^2, b^2 and ab."""
    a, b = first.double().flatten(), second.double().flatten()
    sums = (a.sum(), b.sum(), a @ a, b @ b, a @ b)
    return np.array([a.numel(), *(float(value) for value in sums)])


def pearson(moments: np.ndarray) -> float:
    """Pearson's correlation from :func:`moment_sums`.

    nan where one side is constant or empty.
    """
    count, a, b, aa, bb, ab = moments
    if not count:
        return float('nan')
    variances = (count * aa - a * a, count * bb - b * b)
    # Rounding leaves a constant map a variance near 0, and maybe below.
    floor = 1e-12 * max(count * aa, count * bb)
    if min(variances) <= floor:
        return float('nan')
    value = (count * ab - a * b) / np.sqrt(variances[0] * variances[1])
    return float(np.clip(value, -1, 1))
