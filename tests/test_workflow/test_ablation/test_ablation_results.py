"""Figures over seeds and the tables they make, against sums by hand."""

import csv
import json
import math
from pathlib import Path

import pytest

from projects.amr.errors import UserError
from projects.amr.evaluation.published_results import published
from projects.amr.workflow.ablation.grid import SUMMARY
from projects.amr.workflow.ablation.spec import Experiment, Row, Table
from projects.amr.workflow.ablation.table import (
    collect,
    lines_of,
    markdown_table,
    paired_difference,
    write_table,
)

AMM = published('cam', 'baseline + AMM', 'Table 3')[0]


def row(name, record=None):
    return Row(name, Experiment(Path(f'{name}.py')), record)


def table(*rows, **more):
    return Table('3', 'A title', tuple(rows), **more)


def summaries(*values, key='cam/mIoU_best', seeds=None):
    """One metric by seed."""
    seeds = range(len(values)) if seeds is None else seeds
    return {
        seed: {key: value} for seed, value in zip(seeds, values, strict=True)
    }


def cells(text, start):
    """Cells of the one line of a Markdown table that starts so."""
    (line,) = [x for x in text.splitlines() if x.startswith(f'| {start} |')]
    return [cell.strip() for cell in line.strip('|').split('|')]


def test_lines_hold_mean_and_sample_deviation():
    found = summaries(40.0, 42.0, 47.0)
    for summary in found.values():
        summary['classification/mAP'] = 90.0
    (line,) = lines_of(table(row('cam')), {'cam': found})
    assert line.map == 'cam'
    assert line.seeds == (0, 1, 2)
    assert line.spread('mIoU_best') == pytest.approx((43.0, math.sqrt(13)))
    assert line.spread('mAP') == (90.0, 0.0)
    assert all(map(math.isnan, line.spread('body_recall_best')))
    text = markdown_table(table(row('cam')), [line])
    assert cells(text, 'cam') == [
        *('cam', 'cam', 'cam', '3', '-', '43.0 ± 3.6', '-', '-'),
        *('90.0 ± 0.0', '-'),
    ]


def maps(**values):
    metrics = {f'cam/{name}/mIoU_best': v for name, v in values.items()}
    return {0: metrics}


def test_each_map_has_its_line_in_the_papers_order():
    found = maps(weighted=3.0, compensation=2.0, spotlight=1.0)
    found[0]['cam/mIoU_best'] = 3.0
    lines = lines_of(table(row('amr')), {'amr': found})
    assert [x.map for x in lines] == ['spotlight', 'compensation', 'weighted']
    assert [x.spread('mIoU_best')[0] for x in lines] == [1.0, 2.0, 3.0]
    assert math.isnan(lines[0].spread('mIoU_best')[1])
    assert [x.final for x in lines] == [False, False, True]


def test_difference_is_paired_by_seed():
    # Both rows spread by 10; the second is better by 1, 2 and 3.
    plan = table(row('a'), row('b'))
    results = {
        'a': summaries(40.0, 50.0, 60.0),
        'b': summaries(62.0, 53.0, 41.0, 99.0, seeds=(2, 1, 0, 7)),
    }
    first, second = lines_of(plan, results)
    assert paired_difference(second, first) == {0: 1.0, 1: 3.0, 2: 2.0}
    text = markdown_table(plan, [first, second])
    assert '+2.0 ± 1.0 (3 seeds)' in text
    assert cells(text, 'a')[3] == '3 of 4'


@pytest.mark.parametrize('toy', [False, True])
def test_published_figure_stands_beside_with_its_source(toy):
    plan = table(row('a'), row('b', AMM), toy=toy)
    lines = lines_of(plan, {'a': summaries(1.0)})
    text = markdown_table(plan, lines)
    head = text.splitlines()[2]
    assert ('not comparable' in head) == toy
    assert 'AMR, AAAI 2022, Table 3' in text
    assert cells(text, 'a')[-1] == '-'
    missing = ['b', 'b', '-', '0 of 1', *['-'] * 6, '54.9']
    assert cells(text, 'b') == missing


def test_files_hold_the_values_of_each_seed(tmp_path):
    plan = table(row('a'), row('b', AMM), row('c'))
    results = {'a': summaries(40.0, 44.0), 'b': summaries(47.0)}
    path = write_table(plan, lines_of(plan, results), tmp_path)
    assert path == tmp_path / 'table_3.md'
    text = path.read_text()
    assert text.startswith('## A title\n')
    assert cells(text, 'a')[5] == '42.0 ± 2.8'
    assert cells(text, 'b')[-2:] == ['+7.0', '54.9']
    with (tmp_path / 'table_3.csv').open() as file:
        lines = list(csv.DictReader(file))
    assert [(x['row'], x['seed'], float(x['mIoU_best'])) for x in lines] == [
        ('a', '0', 40.0),
        ('a', '1', 44.0),
        ('b', '0', 47.0),
    ]
    assert lines[0]['mAP'] == ''


def test_results_are_collected_however_they_were_made(tmp_path):
    experiment = Experiment(Path('a.py'))
    for name in ('seed10', 'seed2', 'seed3', 'seedless', 'old'):
        (tmp_path / 'a' / name).mkdir(parents=True)
        if name != 'seed3':  # still running
            path = tmp_path / 'a' / name / SUMMARY
            path.write_text(json.dumps({'metrics': {'x': 1.0}}))
    found = collect([experiment], tmp_path)
    assert list(found['a']) == [2, 10]
    assert list(collect([experiment], tmp_path, [2, 3])['a']) == [2]
    assert collect([Experiment(Path('b.py'))], tmp_path) == {'b': {}}
    (tmp_path / 'a' / 'seed2' / SUMMARY).write_text('{"metrics": ')
    with pytest.raises(UserError, match=r'seed2.*is no test summary'):
        collect([experiment], tmp_path)
