from copy import deepcopy

from report_samples import CLASSES, curve, make_summary

from projects.amr.workflow.report.report_tables import (
    find_class_table,
    find_curves,
    stage_rows,
)

STAGES = make_summary({})['stages']


def by_name(items):
    return {item.name: item for item in items}


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
