import pytest
from mmengine.config import Config
from report_samples import Page, make_outputs, make_summary

from projects.amr.structures.voc_palette import voc_palette
from projects.amr.workflow.report.report_data import gather_report, make_report


@pytest.fixture(scope='module')
def summary(toy_root, tmp_path_factory):
    roles = make_outputs(toy_root, tmp_path_factory.mktemp('chain'))
    return make_summary(roles)


def test_numbers_of_the_page_are_those_of_the_summary(summary, tmp_path):
    path = make_report(tmp_path, summary, Config({'name': 'my pipeline'}))
    assert path == tmp_path / 'report.html'
    page = Page(path.read_text(encoding='utf-8'))
    shown = {(row[0], row[1]): row[2] for row in page.rows if len(row) == 3}
    count = 0
    for stage in summary['stages']:
        for name, value in stage.get('metrics', {}).items():
            assert shown[stage['name'], name] == f'{value:.2f}'
            count += 1
    assert count == 14
    for text in ('A toy chain', 'Toy data.', 'my pipeline', 'torch 2.15.0'):
        assert text in page.text
    assert '1 h 01 min' in page.text  # of all stages, not of this run
    assert len(page.all('img')) == 6 * 9


def test_strips_carry_group_score_and_legend(summary):
    data = gather_report(summary)
    assert [s.group for s in data.strips] == [
        *['Best'] * 2,
        *['Median'] * 2,
        *['Worst'] * 2,
    ]
    scores = [strip.score for strip in data.strips]
    assert scores == sorted(scores, reverse=True)
    assert data.legend['background'] == (0, 0, 0)
    assert data.legend['no label'] == (255, 255, 255)
    for label, name in enumerate(['mallow', 'teasel', 'burdock', 'sorrel'], 1):
        if name in data.legend:
            assert data.legend[name] == tuple(voc_palette()[label].tolist())
    assert len(data.legend) > 2
    assert data.notes == ()


def test_same_summary_same_bytes(summary, tmp_path):
    first = make_report(tmp_path, summary).read_bytes()
    assert make_report(tmp_path, summary).read_bytes() == first


def test_labels_without_names_are_numbered(summary):
    stages = [{**s, 'details': {}} for s in summary['stages']]
    legend = gather_report({**summary, 'stages': stages}).legend
    assert 'label 0' in legend
    assert 'background' not in legend


def test_page_of_an_empty_summary(tmp_path):
    page = Page(make_report(tmp_path, {}).read_text(encoding='utf-8'))
    assert page.rows == []
    assert page.all('img') == []


def test_faults_are_told_on_the_page(summary, tmp_path):
    masks = tmp_path / 'masks'
    masks.mkdir()
    data = gather_report(summary)
    for strip in data.strips:
        (masks / f'{strip.image_id}.png').write_bytes(b'damaged')
    roles = {**summary['roles'], 'masks': str(masks)}
    data = gather_report({**summary, 'roles': roles})
    assert any(str(masks) in note for note in data.notes)
    assert data.strips[0].group == 'First'


def test_missing_split_list_is_told(summary):
    roles = {**summary['roles'], 'split': '/nowhere/train.txt'}
    data = gather_report({**summary, 'roles': roles})
    assert data.strips == ()
    assert '/nowhere/train.txt' in data.notes[0]


def test_many_faults_are_counted(summary, tmp_path):
    roles = dict(summary['roles'])
    for role in ('seeds', 'labels', 'predictions', 'masks'):
        folder = tmp_path / role
        folder.mkdir()
        for strip in gather_report(summary).strips:
            (folder / f'{strip.image_id}.png').write_bytes(b'damaged')
        roles[role] = str(folder)
    notes = gather_report({**summary, 'roles': roles}).notes
    assert len(notes) == 11
    assert 'files were left out in all' in notes[-1]
