"""Scores of label maps against scikit-learn and mmseg."""

import numpy as np
import pytest
import torch
from mmseg.evaluation import IoUMetric
from sklearn.metrics import (
    confusion_matrix,
    jaccard_score,
    precision_score,
    recall_score,
)

from projects.amr.errors import DataError
from projects.amr.evaluation.mask_evaluation import (
    MaskScores,
    evaluate_masks,
    mask_confusion,
)
from projects.amr.structures import save_label_map

CLASSES = ('background', 'a', 'b', 'c', 'd')


@pytest.fixture
def pairs(tmp_path):
    """Predictions with 255 in them; label 4 nowhere, 3 only predicted."""
    rng = np.random.default_rng(0)
    made = []
    for folder in ('pred', 'mask'):
        (tmp_path / folder).mkdir()
    for index, size in enumerate([(23, 37), (1, 1), (8, 50)]):
        pred = rng.choice([0, 1, 2, 3, 255], size, p=[0.4, 0.2, 0.2, 0.1, 0.1])
        mask = rng.choice([0, 1, 2, 255], size, p=[0.5, 0.2, 0.2, 0.1])
        mask = np.where(rng.random(size) < 0.5, mask, pred)
        mask[mask == 3] = 0
        made.append((pred.astype(np.uint8), mask.astype(np.uint8)))
        for folder, labels in zip(('pred', 'mask'), made[-1], strict=True):
            save_label_map(tmp_path / folder / f'{index}.png', labels)
    paths = [
        (tmp_path / 'pred' / f'{i}.png', tmp_path / 'mask' / f'{i}.png')
        for i in range(3)
    ]
    return paths, made


def flatten(made):
    pred, mask = (
        np.concatenate([pair[i].ravel() for pair in made]) for i in (0, 1)
    )
    valid = mask != 255
    return pred[valid], mask[valid]


def test_equals_sklearn(pairs):
    paths, made = pairs
    scores = evaluate_masks(paths, CLASSES)
    pred, mask = flatten(made)
    np.testing.assert_array_equal(
        scores.confusion,
        confusion_matrix(mask, pred, labels=[0, 1, 2, 3, 4, 255])[:5],
    )
    for ours, reference in (
        (scores.iou, jaccard_score),
        (scores.precision, precision_score),
        (scores.recall, recall_score),
    ):
        expected = 100 * reference(
            mask, pred, labels=range(5), average=None, zero_division=0
        )
        occurs = ~np.isnan(ours)
        np.testing.assert_allclose(ours[occurs], expected[occurs])
        assert occurs[:3].all()
    assert np.isnan(scores.iou[4])
    assert scores.iou[3] == 0
    assert np.isnan(scores.recall[3])
    assert scores.num_images == 3
    assert scores.coverage == pytest.approx(100 * np.mean(pred != 255))


def test_equals_mmseg(pairs):
    paths, made = pairs
    metric = IoUMetric()
    metric.dataset_meta = {'classes': CLASSES}
    samples = [
        {
            'pred_sem_seg': {'data': torch.from_numpy(pred)[None].long()},
            'gt_sem_seg': {'data': torch.from_numpy(mask)[None].long()},
        }
        for pred, mask in made
    ]
    metric.process({}, samples)
    theirs = metric.evaluate(len(samples))
    ours = evaluate_masks(paths, CLASSES).summary()
    assert ours['mIoU'] == pytest.approx(theirs['mIoU'], abs=0.01)
    assert ours['mrecall'] == pytest.approx(theirs['mAcc'], abs=0.01)


def test_no_label_counts_as_wrong():
    mask = np.array([[1, 1, 1, 1]])
    pred = np.array([[1, 1, 255, 255]])
    scores = MaskScores(CLASSES, mask_confusion(pred, mask, 5), 1)
    assert scores.iou[1] == 50
    assert scores.recall[1] == 50
    assert scores.precision[1] == 100
    assert scores.coverage == 50
    empty = MaskScores(CLASSES, np.zeros((5, 6), int), 1).summary()
    assert empty['mIoU'] is None
    assert empty['coverage'] is None


def test_missing_predictions_are_listed_or_skipped(pairs, tmp_path):
    paths, _ = pairs
    gone = [(tmp_path / f'gone{i:02d}.png', paths[0][1]) for i in range(12)]
    with pytest.raises(DataError, match='12 of 15') as caught:
        evaluate_masks([*paths, *gone], CLASSES)
    message = str(caught.value)
    assert 'gone09' in message
    assert 'gone10' not in message
    assert '12 in all' in message
    scores = evaluate_masks([*paths, *gone], CLASSES, skip_missing=True)
    assert (scores.num_images, scores.num_skipped) == (3, 12)
    np.testing.assert_array_equal(
        scores.confusion, evaluate_masks(paths, CLASSES).confusion
    )
    with pytest.raises(DataError):
        evaluate_masks(gone, CLASSES, skip_missing=True)


@pytest.mark.parametrize(
    ('side', 'labels', 'words'),
    [
        ('pred', np.zeros((23, 36)), r'size \(23, 36\).*\(23, 37\)'),
        ('pred', np.full((23, 37), 5), r'prediction must be 0\.\.4.*\[5\]'),
        ('mask', np.full((23, 37), 21), r'truth must be 0\.\.4.*\[21\]'),
    ],
)
def test_wrong_files_are_named(pairs, tmp_path, side, labels, words):
    save_label_map(tmp_path / side / '0.png', labels.astype(np.uint8))
    with pytest.raises(DataError, match=words) as caught:
        evaluate_masks(pairs[0], CLASSES)
    assert 'pred/0.png' in str(caught.value)
    assert 'mask/0.png' in str(caught.value)


def test_masks_without_a_label_score_nothing(pairs):
    for path in (mask for _, mask in pairs[0]):
        save_label_map(path, np.full((23, 37), 255, np.uint8))
    with pytest.raises(DataError):
        evaluate_masks(pairs[0], CLASSES)


def test_damaged_and_missing_masks_are_named(pairs):
    paths, _ = pairs
    paths[1][1].write_bytes(b'')
    with pytest.raises(DataError, match=r'mask/1\.png'):
        evaluate_masks(paths, CLASSES)
    paths[1][1].unlink()
    with pytest.raises(DataError, match=r'mask/1\.png.*mask for every'):
        evaluate_masks(paths, CLASSES)
