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
    ('page', 'head', 'folder'),
    [
        (RESULTS.parent / 'README.md', 'ToyVOC, CAM', 'adamw'),
        (RESULTS.parent / 'README.md', 'ToyVOC, release', 'adamw'),
        (RESULTS.parent / 'README.md', 'ToyVOC, CAM, SGD', 'sgd'),
    ],
)
def test_pages_quote_the_measured_rows(page, head, folder):
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
    rows = table_cells(page.read_text(), head)
    assert len(rows) > 9
    for row in rows:
        assert (row[1], row[2], row[3], row[5]) in known, row[0]


@pytest.mark.parametrize(
    'path', TABLES, ids=lambda p: f'{p.parent.name}-{p.stem}'
)
def test_page_of_a_table_says_what_its_json_says(path):
    text = path.with_suffix('.md').read_text().replace('*', '')
    head, *rows = (
        [cell.strip() for cell in line.strip('|').split('|')]
        for line in text.splitlines()
        if line.startswith('|') and not line.startswith('|---')
    )
    columns = {
        'mIoU_fixed': head.index('mIoU fixed'),
        'mIoU_best': head.index('mIoU best'),
        'head_recall_best': head.index('head recall'),
        'body_recall_best': head.index('body recall'),
    }
    lines = json.loads(path.read_text())['lines']
    assert len(rows) == len(lines) > 3
    for row, line in zip(rows, lines, strict=True):
        assert row[:3] == [line['row'], line['config'], line['map']]
        for key, column in columns.items():
            metric = line['metrics'][key]
            want = '-' if metric['mean'] is None else figure(metric)
            assert row[column] == want


def test_results_page_names_every_table():
    page = (RESULTS / 'README.md').read_text()
    assert len(TABLES) > 8
    for path in TABLES:
        name = path.with_suffix('.md').relative_to(RESULTS).as_posix()
        assert f']({name})' in page
