"""The tables against a transcription of their own, row by row."""

import re
from collections import Counter
from pathlib import Path

import pytest

from projects.amr.evaluation.published_results import (
    METRICS,
    RESULTS,
    comparison,
    published,
)

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


def test_figures_of_one_setting_are_one_row():
    coco, imagenet = comparison(['CLIP-ES'])
    assert coco.values == {'val': 73.8, 'test': 73.9}
    assert imagenet.values == {'val': 71.1, 'test': 71.4}
    assert imagenet.notes == ('ImageNet initialisation',)


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
