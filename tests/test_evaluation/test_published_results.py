"""The tables against a transcription of their own, row by row."""

import re
from collections import Counter
from pathlib import Path

import pytest

from projects.amr.evaluation.published_results import (
    comparison,
    comparison_table,
    missing_table,
    published,
)
from projects.amr.evaluation.published_tables import (
    METRICS,
    RESULTS,
    WHAT_IT_WOULD_TAKE,
)

ROOT = Path(__file__).resolve().parents[2]
# method: CAM, pseudo label, val, test
ROWS = {
    'AffinityNet': (48.0, 59.7, 61.7, 63.7),
    'IRNet': (48.3, 66.5, 63.5, 64.8),
    'CONTA': (48.8, 67.9, 66.1, 66.7),
    'SC-CAM': (50.9, 63.4, 66.1, 65.9),
    'SEAM': (55.4, 63.6, 64.5, 65.7),
    'AdvCAM': (55.6, 69.9, 68.1, 68.0),
    'AMR': (56.8, 69.7, 68.8, 69.1),
    'SEAM + AMR': (57.9, None, None, None),
}
ABLATIONS = {
    'Table 3': [48.3, 52.9, 53.5, 54.9, 56.8],
    'Table 4': [48.3, 50.1, 56.8],
    'Table 5': [49.2, 53.4, 56.8, 54.5, 50.7],
    'Table 6': [48.3, 56.8, 55.4, 57.9],
}
HERE = {'AffinityNet', 'IRNet', 'SEAM', 'AdvCAM', 'AMR'}
FACTS = Path(__file__).parents[3] / 'shared' / 'facts.md'


@pytest.mark.parametrize('method', ROWS)
def test_values_of_the_systems(method):
    (row,) = comparison([method])
    want = dict(zip(METRICS, ROWS[method], strict=True))
    assert row.values == {k: v for k, v in want.items() if v is not None}


@pytest.mark.parametrize('table', ABLATIONS)
def test_values_of_the_ablations(table):
    assert [r.value for r in published(table=table)] == ABLATIONS[table]


def test_tables_in_the_facts_file():
    if not FACTS.is_file():
        pytest.skip('no facts.md beside the project')
    text = FACTS.read_text()
    section = text[text.index('## 3.') : text.index('## 4.')]
    found = {}
    for line in section.splitlines():
        cells = [c.strip(' *') for c in line.strip('|').split('|')]
        if len(cells) == 5 and re.match(r'[A-Z]', cells[0]):
            name = 'SC-CAM' if 'SC-CAM' in cells[0] else cells[0]
            values = [float(c) if c else None for c in cells[1:]]
            found[name] = tuple(values)
    assert found == ROWS


def test_fully_supervised_rows_keep_their_initialisation():
    rows = comparison(['DeepLab-v2 on masks'])
    found = {(row.values['val'], row.notes[0]) for row in rows}
    assert found == {
        (76.7, 'COCO initialisation'),
        (77.9, 'COCO initialisation, dense CRF'),
        (73.4, 'ImageNet initialisation'),
        (74.2, 'ImageNet initialisation, a second report'),
    }
    assert {row.supervision for row in rows} == {'masks'}


def test_no_number_twice_and_each_with_a_source():
    keys = Counter(
        (r.method, r.metric, r.paper, r.table, r.note) for r in RESULTS
    )
    assert set(keys.values()) == {1}
    for result in RESULTS:
        assert result.paper
        assert 2018 <= result.year <= 2026
        assert result.metric in METRICS
        assert 40 < result.value < 90


def test_queries_narrow_down():
    assert [r.value for r in published('test', 'AMR')] == [69.1]
    assert {r.metric for r in published('cam')} == {'cam'}
    assert published(method='nobody') == ()
    assert published() == RESULTS
    with pytest.raises(KeyError, match='miou'):
        published('miou')
    with pytest.raises(KeyError, match='nobody'):
        comparison(['nobody'])


def test_every_system_is_here_or_has_its_cost():
    systems = {r.method for r in published(table='Table 1')}
    systems |= {r.method for r in published(table='Table 2')}
    assert systems - HERE <= set(WHAT_IT_WOULD_TAKE)
    assert not HERE & set(WHAT_IT_WOULD_TAKE)
    assert len(systems) == 20
    for method in WHAT_IT_WOULD_TAKE:
        assert f'| {method} | ' in missing_table()


def test_markdown_holds_values_under_their_heads():
    lines = comparison_table(['SEAM', 'SEAM + AMR']).splitlines()
    assert lines[0].startswith('| published, VOC 2012 |')
    assert len({line.count('|') for line in lines}) == 1
    cells = [cell.strip() for cell in lines[2].split('|')]
    assert cells[3:7] == ['55.4', '63.6', '64.5', '65.7']
    assert cells[-2] == 'AMR, AAAI 2022, Tables 1 and 2'
    assert [c.strip() for c in lines[3].split('|')][3:7] == [
        '57.9',
        '',
        '',
        '',
    ]


def test_config_readme_holds_the_tables_as_they_are_written():
    text = ROOT.joinpath('configs', 'README.md').read_text()
    assert comparison_table() in text
    assert missing_table() in text
