import pickle

import numpy as np
import pytest
import torch
from cam_samples import CLASSES, SIZE, evaluate, mmseg_miou, sample

from projects.amr.errors import DataError
from projects.amr.evaluation import CAMIoUMetric, ClassificationAP
from projects.amr.evaluation import cam_iou_metric as module
from projects.amr.ops import cam_to_label


def test_fixed_and_best_equal_mmsegs_metric_run_by_run():
    samples = [sample(seed) for seed in range(3)]
    sweep = (0.1, 0.9, 0.1)
    got = evaluate(samples, CAMIoUMetric(bg_thr=0.4, sweep=sweep))
    runs = {t / 10: mmseg_miou(samples, t / 10) for t in range(1, 10)}
    assert got['cam/mIoU_fixed'] == pytest.approx(runs[0.4], abs=0.006)
    assert got['cam/mIoU_best'] == pytest.approx(max(runs.values()), abs=0.006)
    assert runs[got['cam/bg_thr_best']] == max(runs.values())


def test_absent_class_is_left_out_and_a_missed_one_is_not():
    truth = torch.zeros(SIZE, dtype=torch.long)
    truth[:, :10] = 2  # class index 1; label 1 and 3 occur nowhere
    nothing = sample(classes=(1,), truth=truth)
    nothing.pred_cam.cam = torch.zeros(1, 6, 10)
    got = evaluate([nothing], CAMIoUMetric(bg_thr=0.4))
    background = 100 * 27 / 37
    assert got['cam/mIoU_fixed'] == pytest.approx((background + 0) / 2)


def test_order_and_batch_size_do_not_matter():
    samples = [sample(seed) for seed in range(5)]
    first = evaluate(samples)
    assert evaluate(samples[::-1], chunk=2) == first


def test_every_map_is_named_and_the_final_one_stands_alone():
    maps = ('spotlight', 'compensation', 'weighted')
    got = evaluate([sample(maps=maps)])
    for name in maps:
        assert f'cam/{name}/mIoU_fixed' in got
    assert got['cam/mIoU_best'] == got['cam/weighted/mIoU_best']
    assert got['cam/spotlight/mIoU_best'] != got['cam/weighted/mIoU_best']


def test_part_recall_against_a_direct_count():
    s = sample(parts=True)
    metric = CAMIoUMetric(bg_thr=0.4, parts=('head', 'body'))
    got = evaluate([s], metric)
    truth, part = s.gt_sem_seg.data[0], s.gt_part.data[0]
    best = got['cam/bg_thr_best']
    assert best != 0.4
    for threshold, kind in ((0.4, 'fixed'), (best, 'best')):
        label = cam_to_label(
            s.pred_cam.cam, torch.tensor([0, 2]), SIZE, threshold
        )
        for value, name in enumerate(('head', 'body'), 1):
            where = (part == value) & (truth != 255)
            want = 100 * (label == truth)[where].float().mean().item()
            assert got[f'cam/{name}_recall_{kind}'] == pytest.approx(want)


def test_image_without_classes_is_background():
    truth = torch.zeros(SIZE, dtype=torch.long)
    got = evaluate([sample(classes=(), truth=truth)])
    assert got['cam/mIoU_fixed'] == 100


def test_images_without_masks_are_not_counted():
    with_mask, without = sample(1), sample(2)
    del without.gt_sem_seg
    assert evaluate([with_mask, without]) == evaluate([with_mask])
    assert evaluate([without]) == {}


def test_a_metric_holds_no_more_for_many_images_than_for_one():
    metric = CAMIoUMetric(bg_thr=0.4, parts=('head', 'body'))
    metric.dataset_meta = {'classes': CLASSES}
    sizes = []
    for seed in range(4):
        metric.process(None, [sample(seed, parts=True).to_dict()])
        sizes.append(len(pickle.dumps(metric.results)))
    assert max(sizes) <= sizes[0] + 8


@pytest.mark.parametrize('padded', [0, 1, 2])
def test_images_counted_twice_are_told(monkeypatch, padded):
    notes = []
    monkeypatch.setattr(module, 'print_log', lambda *a: notes.append(a[0]))
    metric = CAMIoUMetric(bg_thr=0.4)
    metric.dataset_meta = {'classes': CLASSES}
    metric.process(None, [sample(seed).to_dict() for seed in range(3)])
    metric.evaluate(3 - padded)
    told = [note for note in notes if 'twice' in note]
    assert len(told) == bool(padded)
    assert all(f'counts {padded} images twice' in note for note in told)


def test_the_counts_of_more_ranks_than_images_are_joined(monkeypatch):
    samples = [sample(seed) for seed in range(2)]
    want = evaluate(samples)
    monkeypatch.setattr(module, 'get_world_size', lambda: 2)
    ranks = [CAMIoUMetric(bg_thr=0.4) for _ in range(2)]
    for rank, own in zip(ranks, samples, strict=True):
        rank.dataset_meta = {'classes': CLASSES}
        rank.process(None, [own.to_dict()])
    ranks[0].results += ranks[1].results  # as gathered
    assert ranks[0].evaluate(1) == want


def test_recall_is_of_the_images_with_parts():
    maps = ('spotlight', 'weighted')
    parted = [sample(seed, maps=maps, parts=True) for seed in range(2)]
    plain = sample(2, maps=maps)
    metric = {'bg_thr': 0.4, 'parts': ('head', 'body')}
    want = evaluate(parted, CAMIoUMetric(**metric))
    got = evaluate([parted[0], plain, parted[1]], CAMIoUMetric(**metric))
    fixed = [key for key in want if key.endswith('_recall_fixed')]
    assert len(fixed) == 6
    assert [got[key] for key in fixed] == [want[key] for key in fixed]
    none = evaluate([plain], CAMIoUMetric(**metric))
    assert not [key for key in none if 'recall' in key]


def test_the_last_threshold_of_a_sweep_is_swept():
    metric = CAMIoUMetric(bg_thr=0.255)
    want = torch.cat([torch.linspace(0, 1, 101), torch.tensor([0.255])])
    torch.testing.assert_close(metric.thresholds, want.sort().values)
    assert metric.fixed == 26


def test_wrong_masks_are_refused():
    wrong = sample(truth=torch.full(SIZE, 9))
    wrong.set_metainfo({'seg_map_path': 'x/a.png'})
    with pytest.raises(DataError, match=r'a\.png.*got \{9: \d+\}'):
        evaluate([wrong])
    small = sample(truth=torch.zeros(5, 5, dtype=torch.long))
    with pytest.raises(DataError, match=r'\(5, 5\)'):
        evaluate([small])


def test_classification_ap_leaves_absent_classes_out():
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(0)
    target = (rng.random((9, 4)) > 0.5).astype(np.float32)
    target[:, 2] = 0
    score = rng.random((9, 4)).astype(np.float32)
    metric = ClassificationAP()
    rows = zip(torch.tensor(score), torch.tensor(target), strict=True)
    metric.process(None, [{'pred_score': s, 'gt_score': t} for s, t in rows])
    kept = [0, 1, 3]
    want = average_precision_score(target[:, kept], score[:, kept])
    got = metric.evaluate(9)['classification/mAP']
    assert got == pytest.approx(100 * want, abs=1e-3)
