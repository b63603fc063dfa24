from copy import deepcopy

import pytest
from report_samples import CLASSES, curve, make_summary

from projects.amr.evaluation.published_results import comparison
from projects.amr.workflow.report.report_scores import (
    class_names,
    final_curve,
    find_class_table,
    find_comparison,
    find_curves,
    find_scores,
    headline,
    segmentor_stage,
    split_name,
    stage_rows,
)

SUMMARY = make_summary({})
STAGES = SUMMARY['stages']


def by_name(items):
    return {item.name: item for item in items}


def test_headline_finds_the_numbers_of_the_chain():
    cam, pseudo, segmentor, bound = find_scores(SUMMARY)
    assert (cam.name, cam.value, cam.best) == ('CAM', 41.25, 43.75)
    assert (cam.split, cam.policy) == ('train', 'fixed threshold 0.25')
    assert (pseudo.value, pseudo.best) == (52.625, 55.5)
    assert (segmentor.value, segmentor.split) == (57.125, 'val')
    assert (segmentor.best, segmentor.policy) == (None, '')
    assert (bound.value, bound.upper_bound) == (77.75, True)
    assert [s.upper_bound for s in (cam, pseudo, segmentor)] == [False] * 3


def test_the_pipeline_s_own_headline_comes_first():
    entries = [
        {'label': 'on train', 'stage': 'segmentor_train_split'},
        {'label': 'gone', 'stage': 'nothing'},
    ]
    for entry in entries:
        entry['metric'] = 'mIoU'
    scores = find_scores({**SUMMARY, 'headline': entries})
    assert [(s.name, s.value) for s in scores] == [
        ('on train', 58.0),
        ('Trained on masks', 77.75),
    ]
    assert scores[0].split == ''  # its label says so already
    last = [{'label': 'x', 'stage': 'upper_val', 'metric': 'mIoU'}]
    found = headline({**SUMMARY, 'headline': last})
    assert [label for label, _, _ in found] == ['x']


def test_pseudo_labels_without_files_are_the_walked_maps():
    stages = deepcopy(STAGES)
    del stages[2]['metrics']['labels/mIoU']
    assert (
        by_name(find_scores({'stages': stages}))['Pseudo label'].value == 51.5
    )


def test_later_stages_win():
    again = deepcopy(STAGES[1])
    again['metrics'] = {'cam/mIoU_fixed': 47.0}
    scores = by_name(find_scores({'stages': [*STAGES, again]}))
    assert scores['CAM'].value == 47.0
    assert scores['CAM'].policy == ''  # its sweep does not have that score


def test_comparison_puts_this_run_above_the_published():
    own, bound, *rest = find_comparison(SUMMARY)
    assert own.own
    assert own.values == (41.25, 52.625, 57.125, None)
    assert bound.values == (None, None, 77.75, None)
    assert not any(row.own for row in rest)
    amr = next(row for row in rest if row.system == 'AMR')
    assert amr.values == (56.8, 69.7, 68.8, 69.1)
    assert amr.source == 'AMR, AAAI 2022, Table 1 and Table 2'
    masks = [r for r in rest if r.system.startswith('DeepLab-v2 on masks')]
    assert len({row.system for row in masks}) == len(masks) == 4
    assert len(comparison([row.system for row in rest[:6]])) == 6
    assert find_comparison({}) == ()


def test_label_maps_of_a_segmentor_are_no_pseudo_labels():
    """As of the chain of the paper: its last figure is of the CRF."""
    entries = [
        {'label': 'pseudo', 'stage': 'affinity_make'},
        {'label': 'with CRF', 'stage': 'segmentor_val'},
    ]
    for entry in entries:
        entry['metric'] = 'labels/mIoU'
    own, *_ = find_comparison({**SUMMARY, 'headline': entries})
    assert own.values == (None, 52.625, 57.0, None)


def test_test_split_has_a_column_of_its_own():
    stage = {'name': 'a', 'split': 'test.txt', 'metrics': {'mIoU': 50.0}}
    own = find_comparison({'stages': [stage]})[0]
    assert own.values == (None, None, None, 50.0)


def test_threshold_is_that_of_the_final_map():
    assert final_curve(STAGES[1])['fixed'] == 0.25
    assert final_curve(STAGES[0]) is None
    stage = deepcopy(STAGES[1])
    weighted = stage['details']['cam/weighted']
    weighted.update(fixed=0.5, mIoU=[0.0, 1.0, 41.25, 2.0])
    assert final_curve(stage)['fixed'] == 0.5


@pytest.mark.parametrize('stages', [[], [{}], [{'name': 'a'}]])
def test_bare_stages_are_no_fault(stages):
    assert find_scores({'stages': stages}) == ()
    assert find_curves(stages) == ()
    assert find_class_table(stages).rows == {}
    assert class_names(stages) == []
    assert len(stage_rows(stages)) == len(stages)


def test_segmentors_are_told_apart_by_split_and_config():
    train = {**STAGES[4], 'name': 'later'}
    found = segmentor_stage([*STAGES, train])
    assert found['name'] == 'segmentor_val'
    assert segmentor_stage([train])['name'] == 'later'
    assert segmentor_stage(STAGES, supervised=True)['name'] == 'upper_val'
    tool = {'kind': 'tool', 'metrics': {'mIoU': 1.0}}
    assert segmentor_stage([tool]) == {}
    assert split_name({}) == ''


def test_curves_are_those_of_the_details():
    curves = by_name(find_curves(STAGES))
    assert list(curves) == ['spotlight CAM', 'weighted CAM', 'pseudo label']
    weighted = curves['weighted CAM']
    assert weighted.values == (20.0, 41.25, 43.75, 8.0)
    assert weighted.at(weighted.fixed) == 41.25
    assert weighted.at(weighted.best) == 43.75


def test_curves_of_one_name_say_their_stage_and_gaps_are_left_out():
    plain = {'name': 'one', 'details': {'cam': curve([1.0, 2.0, 3.0, 4.0])}}
    gap = {'name': 'three', 'details': {'cam': curve([None, 2.0, 3.0, 4.0])}}
    names = list(by_name(find_curves([plain, {**plain, 'name': 'two'}, gap])))
    assert names == ['CAM, one', 'CAM, two']


def test_class_table_holds_fixed_thresholds_and_labels_on_disk():
    table = find_class_table(STAGES)
    assert table.columns == ('CAM', 'pseudo label', 'segmentor')
    assert list(table.rows) == CLASSES
    assert table.rows['mallow'] == (11.0, 61.5, 61.5)
    assert table.rows['burdock'] == (13.0, None, None)
    assert table.rows['sorrel'] == (None, 64.5, 64.5)


def test_classes_of_other_lists_get_rows_of_their_own():
    stages = deepcopy(STAGES[:3])
    stages[2]['details']['labels'] = {'classes': ['x'], 'IoU': [5.0]}
    rows = find_class_table(stages).rows
    assert rows['x'] == (None, 5.0)
    assert rows['mallow'] == (11.0, None)


def test_stage_rows_keep_what_the_summary_says():
    rows = by_name(stage_rows(STAGES))
    made = rows['cam_make']
    assert made.status == 'kept'
    assert made.reason == 'unchanged since it ran'
    assert made.initialisation == 'random (--no-pretrained)'
    assert (made.split, made.images) == ('train', 8)
    assert made.policy == 'fixed 0.25, best 0.50'
    assert made.metrics == STAGES[1]['metrics']
    assert (rows['cam_train'].seconds, rows['cam_train'].seed) == (71.0, 3)
    assert rows['segmentor_val'].config == 'deeplabv2_r26_toyvoc.py'


def test_what_is_no_number_is_no_metric():
    stage = {'metrics': {'a': None, 'b': float('nan'), 'c': 1, 'd': 'x'}}
    assert stage_rows([stage])[0].metrics == {'c': 1.0}
