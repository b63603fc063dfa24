import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, jaccard_score

from projects.amr.evaluation.threshold_sweep import (
    confusion_sweep,
    iou_per_class,
    label_histogram,
    part_histogram,
    recall_sweep,
    score_bins,
)

LABELS, SIZE = 4, (23, 37)
THRESHOLDS = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])


@pytest.fixture
def maps():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 101, SIZE, generator=generator) / 100
    labels = torch.randint(1, LABELS, SIZE, generator=generator)
    truth = torch.randint(0, LABELS, SIZE, generator=generator)
    truth[:2] = 255
    parts = (truth > 0).long() * torch.randint(1, 3, SIZE, generator=generator)
    return scores, labels, truth, parts


def test_sweep_equals_separate_runs_by_scikit_learn(maps):
    scores, labels, truth, _ = maps
    shape = (LABELS, LABELS, len(THRESHOLDS) + 1)
    bins = score_bins(scores, THRESHOLDS)
    sweep = confusion_sweep(label_histogram(bins, labels, truth, shape))
    keep = (truth != 255).flatten()
    for threshold, confusion in zip(THRESHOLDS, sweep, strict=True):
        pred = torch.where(scores > threshold, labels, 0)
        y_true, y_pred = truth.flatten()[keep], pred.flatten()[keep]
        want = confusion_matrix(y_true, y_pred, labels=range(LABELS))
        np.testing.assert_array_equal(confusion, want)
        np.testing.assert_allclose(
            iou_per_class(confusion),
            jaccard_score(y_true, y_pred, average=None, labels=range(LABELS)),
        )
    background = sweep[:, :, 0].sum(1)
    assert np.all(np.diff(background) >= 0)


def test_part_recall_equals_a_direct_count(maps):
    scores, labels, truth, parts = maps
    shape = (3, 2, len(THRESHOLDS) + 1)
    bins = score_bins(scores, THRESHOLDS)
    recall = recall_sweep(part_histogram(bins, labels, truth, parts, shape))
    for threshold, row in zip(THRESHOLDS, recall, strict=True):
        for part in (1, 2):
            where = (parts == part) & (truth != 255)
            hit = (labels == truth) & (scores > threshold) & where
            assert row[part] == pytest.approx(
                hit.sum().item() / where.sum().item()
            )


def test_absent_part_and_absent_class_are_left_out():
    recall = recall_sweep(np.zeros((2, 2, 3), np.int64))
    assert np.isnan(recall).all()
    iou = iou_per_class(np.array([[4, 0], [0, 0]]))
    assert iou[0] == 1
    assert np.isnan(iou[1])


def test_a_score_on_the_threshold_is_background():
    assert score_bins(THRESHOLDS, THRESHOLDS).tolist() == [0, 1, 2, 3, 4]
