import shutil
from pathlib import Path

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
    photos = page.gallery['photos']
    assert len(photos) == 8
    assert {p.parent.name for p in tmp_path.glob('*/*')} == {'report_photos'}
    for photo in photos:
        assert (tmp_path / photo['picture']).is_file()
        assert (tmp_path / photo['maps']).is_file()


def test_slider_has_the_thresholds_of_the_sweep(summary, tmp_path):
    path = make_report(tmp_path, summary)
    values = Page(path.read_text(encoding='utf-8')).gallery
    assert values['thresholds'] == [0.0, 0.25, 0.5, 0.75]
    assert values['step'] == 1  # 0.25, the fixed one
    details = summary['stages'][1]['details']
    # The pseudo label's sweep has its own curve, which no CAM is shown at.
    assert values['mIoU'] == {
        'spotlight CAM': details['cam/spotlight']['mIoU'],
        'weighted CAM': details['cam/weighted']['mIoU'],
        'pseudo label': summary['stages'][2]['details']['pseudo']['mIoU'],
    }


def test_without_a_sweep_the_slider_has_steps_of_a_hundredth(
    summary, tmp_path
):
    gallery = gather_report(
        {'roles': summary['roles']}, tmp_path / 'photos'
    ).gallery
    assert len(gallery.thresholds) == 101
    assert gallery.fixed == 0.2


def test_names_and_colours_of_the_labels(summary, tmp_path):
    gallery = gather_report(summary, tmp_path / 'photos').gallery
    assert gallery.names == dict(
        enumerate(['mallow', 'teasel', 'burdock', 'sorrel'], 1)
    )
    assert gallery.colours == tuple(map(tuple, voc_palette().tolist()))
    assert gallery.scored == 'pseudo label'


def test_what_is_scored_is_what_the_page_says(summary, tmp_path):
    """A chain that stopped before its pseudo labels has none to score."""
    roles = {**summary['roles'], 'labels': str(tmp_path / 'to come')}
    gallery = gather_report({'roles': roles}, tmp_path / 'photos').gallery
    assert gallery.scored == 'CAM at 0.20'
    assert None not in [photo.score for photo in gallery.photos]
    shutil.copytree(summary['roles']['labels'], roles['labels'])
    next(Path(roles['labels']).iterdir()).unlink()
    gallery = gather_report({'roles': roles}, tmp_path / 'photos').gallery
    assert gallery.scored == 'pseudo label'
    assert [photo.score for photo in gallery.photos].count(None) == 1


def test_files_of_an_earlier_page_go(summary, tmp_path):
    page = make_report(tmp_path, summary)
    before = {path.name for path in (tmp_path / 'report_photos').iterdir()}
    fewer = dict(summary['roles'])
    fewer.pop('cams')
    make_report(tmp_path, {**summary, 'roles': fewer})
    after = {path.name for path in (tmp_path / 'report_photos').iterdir()}
    assert len(after) == len(before) == 16
    assert len(after & before) == 8  # the pictures
    values = Page(page.read_text(encoding='utf-8')).gallery
    files = {p[k] for p in values['photos'] for k in ('picture', 'maps')}
    assert files == {f'report_photos/{name}' for name in after}


def test_same_summary_same_bytes(summary, tmp_path):
    first = make_report(tmp_path, summary).read_bytes()
    assert make_report(tmp_path, summary).read_bytes() == first


def test_labels_without_names_are_numbered(summary, tmp_path):
    stages = [{**s, 'details': {}} for s in summary['stages']]
    gallery = gather_report(
        {**summary, 'stages': stages}, tmp_path / 'photos'
    ).gallery
    assert gallery.names == {k: f'label {k}' for k in range(1, 5)}


def test_page_of_an_empty_summary(tmp_path):
    page = Page(make_report(tmp_path, {}).read_text(encoding='utf-8'))
    assert page.rows == []
    assert page.gallery == {}
    assert [path.name for path in tmp_path.iterdir()] == ['report.html']


def test_faults_are_told_and_counted(summary, tmp_path):
    roles = dict(summary['roles'])
    names = list(Path(roles['labels']).iterdir())
    for role in ('masks', 'labels'):
        folder = tmp_path / role
        folder.mkdir()
        for name in names:
            (folder / name.name).write_bytes(b'damaged')
        roles[role] = str(folder)
    data = gather_report({**summary, 'roles': roles}, tmp_path / 'photos')
    assert len(data.gallery.photos) == 8
    assert str(tmp_path) in data.notes[0]
    assert len(data.notes) == 11
    assert data.notes[-1].startswith('16 ')


@pytest.mark.parametrize(('role', 'photos'), [('split', 0), ('classes', 8)])
def test_missing_lists_are_told(summary, tmp_path, role, photos):
    roles = {**summary['roles'], role: '/nowhere/a.txt'}
    data = gather_report({'roles': roles}, tmp_path / 'photos')
    assert len(data.gallery.photos) == photos
    assert '/nowhere/a.txt' in data.notes[0]
