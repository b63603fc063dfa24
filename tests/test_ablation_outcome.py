"""What the pages say of ToyVOC's ablations is what was measured."""

import json
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / 'configs' / 'ablations' / 'toy' / 'results'
TABLES = sorted(RESULTS.glob('*/table_*.json'))


def lines_of(path):
    return [x for x in json.loads(path.read_text())['lines'] if x['seeds']]


def figure(metric):
    beside = metric['deviation']
    return f'{metric["mean"]:.1f}' + (f' ± {beside:.1f}' if beside else '')


def table_cells(text, head):
    """Rows of the Markdown tables whose first cell is ``head``."""
    rows, inside = [], False
    for line in text.splitlines():
        inside = line.startswith('|') and (
            inside or line.startswith(f'| {head} |')
        )
        if inside:
            rows.append([cell.strip() for cell in line.strip('|').split('|')])
    return [row for row in rows if row[1].isdigit()]


@pytest.mark.parametrize(
    'path', TABLES, ids=lambda p: f'{p.parent.name}-{p.stem}'
)
def test_means_and_deviations_are_those_of_the_seeds(path):
    for line in lines_of(path):
        for metric in line['metrics'].values():
            values = list(metric['values'].values())
            if not values or metric['mean'] is None:
                continue
            assert metric['mean'] == pytest.approx(statistics.mean(values))
            if len(values) > 1:
                want = statistics.stdev(values)
                assert metric['deviation'] == pytest.approx(want)


@pytest.mark.parametrize(
    ('head', 'folder'),
    [('ToyVOC, CAM', 'adamw'), ('ToyVOC, CAM, SGD', 'sgd')],
)
def test_readme_quotes_the_measured_rows(head, folder):
    known = {
        (
            str(len(line['seeds'])),
            *(
                figure(line['metrics'][key])
                for key in ('mIoU_fixed', 'mIoU_best', 'body_recall_best')
            ),
        )
        for path in RESULTS.glob(f'{folder}/table_*.json')
        for line in lines_of(path)
    }
    rows = table_cells((ROOT / 'README.md').read_text(), head)
    assert len(rows) > 9
    for row in rows:
        assert (row[1], row[2], row[3], row[5]) in known, row[0]


def test_results_page_has_a_row_for_every_line():
    rows = table_cells((RESULTS / 'README.md').read_text(), 'row')
    assert len(TABLES) > 8
    assert len(rows) == sum(len(lines_of(path)) for path in TABLES)
