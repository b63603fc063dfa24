import json
import math

import numpy as np
import pytest
import torch
from cam_samples import CLASSES, evaluate, sample
from mmengine.logging import MessageHub

from projects.amr.evaluation import CAMIoUMetric
from projects.amr.evaluation.nested_results import (
    put_nested_results,
    rounded,
    take_nested_results,
)

MAPS = ('spotlight', 'compensation', 'weighted')


@pytest.fixture(autouse=True)
def _own_hub(request):
    MessageHub.get_instance(request.node.name)
    take_nested_results()


def test_owners_replace_what_they_gave_and_nobody_elses():
    put_nested_results('cam', {'cam/a': 1, 'cam/b': 2})
    put_nested_results('labels', {'labels': 3})
    put_nested_results('cam', {'cam/a': 4})
    assert take_nested_results() == {'cam/a': 4, 'labels': 3}
    assert take_nested_results() == {}


def test_details_stay_out_of_checkpoints():
    put_nested_results('cam', {'cam': 1})
    hub = MessageHub.get_current_instance()
    hub.update_info('kept', 1)
    assert hub.state_dict()['runtime_info'] == {'kept': 1}


def test_rounded_keeps_nan_out_of_json():
    values = rounded(np.float32([0.1, np.nan, 12.34567]))
    assert values == [0.1, None, 12.3457]
    json.dumps(values, allow_nan=False)


def test_metric_hands_in_the_curve_of_every_map():
    samples = [sample(seed, maps=MAPS) for seed in range(2)]
    metric = CAMIoUMetric(bg_thr=0.37, sweep=(0.1, 0.9, 0.2))
    metrics = evaluate(samples, metric)
    details = take_nested_results()
    assert set(details) == {f'cam/{name}' for name in MAPS}
    json.dumps(details, allow_nan=False)
    for name, curve in details.items():
        assert curve['thresholds'] == [0.1, 0.3, 0.37, 0.5, 0.7, 0.9]
        assert curve['fixed'] == 0.37
        assert curve['classes'] == list(CLASSES)
        for point in ('fixed', 'best'):
            value = curve['mIoU'][curve['thresholds'].index(curve[point])]
            want = metrics[f'{name}/mIoU_{point}']
            assert value == pytest.approx(want, abs=1e-4)
            per_class = [v for v in curve[f'IoU_{point}'] if v is not None]
            assert np.mean(per_class) == pytest.approx(want, abs=1e-4)
        assert max(curve['mIoU']) == pytest.approx(
            metrics[f'{name}/mIoU_best'], abs=1e-4
        )


def test_prefix_names_the_curve_and_an_absent_class_is_none():
    truth = torch.zeros(23, 37, dtype=torch.long)
    truth[:, :10] = 2
    lone = sample(classes=(1,), truth=truth)
    evaluate([lone], CAMIoUMetric(bg_thr=0.4, prefix='pseudo'))
    details = take_nested_results()
    assert list(details) == ['pseudo']
    iou = details['pseudo']['IoU_fixed']
    assert [value is None for value in iou] == [False, True, False, True]
    assert not any(math.isnan(v) for v in iou if v is not None)


def test_a_test_without_masks_leaves_nothing_of_the_last_one():
    evaluate([sample()])
    blind = sample()
    del blind.gt_sem_seg
    evaluate([blind])
    assert take_nested_results() == {}
