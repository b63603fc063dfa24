import numpy as np
import pytest
import torch
from cam_samples import SIZE, evaluate, sample

from projects.amr.errors import DataError
from projects.amr.evaluation import MapAgreementMetric
from projects.amr.ops import cam_to_label

MAPS = ('spotlight', 'compensation', 'weighted')


def agreement(samples, chunk=1, **options):
    return evaluate(samples, MapAgreementMetric(0.4, **options), chunk)


def test_correlation_is_numpys_over_all_classes_and_images():
    samples = [sample(seed, maps=MAPS) for seed in range(3)]
    got = agreement(samples)['agreement/correlation']
    pairs = [
        [s.pred_cam.get(name).numpy().ravel() for s in samples]
        for name in MAPS[:2]
    ]
    want = np.corrcoef(*map(np.concatenate, pairs))[0, 1]
    assert got == pytest.approx(want, abs=1e-6)


def test_who_finds_what_against_a_direct_count():
    samples = [sample(seed, maps=MAPS, parts=True) for seed in range(2)]
    got = agreement(samples, chunk=2, parts=('head', 'body'))
    for value, region in ((None, 'object'), (1, 'head'), (2, 'body')):
        found = []
        for s in samples:
            truth, part = s.gt_sem_seg.data[0], s.gt_part.data[0]
            where = (truth > 0) & (truth != 255)
            if value is not None:
                where &= part == value
            right = [
                (
                    cam_to_label(
                        s.pred_cam.get(name), torch.tensor([0, 2]), SIZE, 0.4
                    )
                    == truth
                )[where]
                for name in MAPS[:2]
            ]
            found.append(torch.stack(right))
        a, b = torch.cat(found, 1)
        for name, hits in (
            ('both', a & b),
            ('only_spotlight', a & ~b),
            ('only_compensation', ~a & b),
            ('neither', ~a & ~b),
        ):
            want = 100 * hits.double().mean().item()
            assert got[f'agreement/{region}_{name}'] == pytest.approx(want)


def test_constant_map_has_no_correlation():
    s = sample(maps=MAPS)
    s.pred_cam.compensation = torch.full((2, 6, 10), 0.3)
    assert np.isnan(agreement([s])['agreement/correlation'])


def test_images_without_mask_or_classes_count_where_they_can():
    plain, bare = sample(0, maps=MAPS), sample(1, maps=MAPS)
    del bare.gt_sem_seg
    empty = sample(2, classes=(), maps=MAPS)
    both = agreement([plain, bare])
    alone = agreement([plain])
    key = 'agreement/object_both'
    assert both[key] == alone[key]
    assert both['agreement/correlation'] != alone['agreement/correlation']
    assert np.isnan(agreement([empty])['agreement/correlation'])


def test_recall_of_parts_needs_part_maps_of_all_images():
    samples = [sample(0, maps=MAPS, parts=True), sample(1, maps=MAPS)]
    got = agreement(samples, parts=('head', 'body'))
    assert 'agreement/object_both' in got
    assert not any('head' in key for key in got)


def test_a_classifier_without_branches_has_no_figures():
    assert agreement([sample(), sample(1)]) == {}


def test_wrong_masks_are_refused():
    with pytest.raises(DataError, match=r'got \{9: \d+\}'):
        agreement([sample(maps=MAPS, truth=torch.full(SIZE, 9))])
