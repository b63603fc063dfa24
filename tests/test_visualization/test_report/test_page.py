import json
import re
from dataclasses import replace

import pytest
from report_samples import Page

from projects.amr.visualization.report.data import (
    ClassTable,
    Comparison,
    Curve,
    Gallery,
    Photo,
    ReportData,
    Score,
    Stage,
)
from projects.amr.visualization.report.page import page_values, render_report

EVIL = '<b>bold</b> & "quoted" \'Äpfel\''


def make_gallery(name='a', **changes):
    fields = {
        'photos': (
            Photo(
                f'id {name}',
                'photos/1.jpg',
                'photos/1.js',
                (3, 5),
                ('map a', 'truth'),
                (2,),
                0.5,
                93.75,
            ),
            Photo('id 2', 'photos/2.jpg', 'photos/2.js', (4, 4), ('truth',)),
        ),
        'layers': {'map a': 'cam', 'truth': 'labels'},
        'thresholds': (0.0, 0.5),
        'fixed': 0.5,
        'names': {2: f'cat {name}'},
        'colours': ((0, 0, 0), (128, 0, 0), (0, 128, 0)),
        'scored': f'label {name}',
        'note': f'chosen {name}',
    }
    return Gallery(**{**fields, **changes})


def make_data(name='a', **changes):
    fields = {
        'title': f'Title {name}',
        'scores': (
            Score(f'CAM {name}', 41.25, 'train', 'fixed 0.2', best=43.75),
            Score('Bound', 77.5, upper_bound=True),
        ),
        'comparison_heads': ('CAM', 'val'),
        'comparison': (
            Comparison('this run', (41.25, None), own=True),
            Comparison(f'AMR {name}', (56.8, 68.8), 'note', f'paper {name}'),
        ),
        'stages': (
            Stage(
                f'make {name}',
                'ran',
                f'why {name}',
                f'config {name}',
                seconds=61.0,
                seed=7,
                split='train',
                images=1464,
                policy='fixed 0.20, best 0.24',
                initialisation=f'weights {name}',
                metrics={f'mIoU {name}': 41.256},
            ),
        ),
        'curves': (Curve(f'map {name}', (0.0, 0.5), (10.0, 30.0), 0.0, 0.5),),
        'classes': ClassTable(('CAM', 'val'), {f'cat {name}': (12.5, None)}),
        'gallery': make_gallery(name),
        'seed': 7,
        'seconds': 3660.0,
        'versions': {'torch': f'2.1 {name}'},
        'notes': (f'left out {name}',),
        'config': f'stages = {name}',
    }
    return ReportData(**{**fields, **changes})


def test_page_is_well_formed_and_loads_only_its_photos():
    document = render_report(make_data())
    page = Page(document)
    assert page.all('img') == []  # the script makes them
    assert not re.search(r'https?://|[^:]//[a-z]', document)
    names = {name for name, _ in page.tags}
    assert not names & {'link', 'iframe', 'object', 'form'}
    for _, attributes in page.tags:
        assert attributes.get('href', '#').startswith('#')
        assert 'src' not in attributes
        assert attributes.get('xlink:href', '#').startswith('#')
        assert not any(key.startswith('on') for key in attributes)
    assert {'name': 'viewport'}.items() <= page.all('meta')[1].items()
    assert page.all('html') == [{'lang': 'en'}]


def test_every_control_has_a_label():
    page = Page(render_report(make_data()))
    labelled = {label['for'] for label in page.all('label')}
    controls = [c['id'] for c in page.all('select') + page.all('input')]
    assert sorted(controls) == ['doubt', 'label', 'layer', 'order', 'step']
    assert labelled == set(controls)


def test_script_reads_the_gallery_as_given():
    data = make_data(name=EVIL)
    document = render_report(data)
    assert '\\u00c4' not in document  # of Äpfel: names stay readable
    values = Page(document).gallery
    assert values == json.loads(json.dumps(page_values(data)))
    photo = values['photos'][0]
    assert photo['name'] == f'id {EVIL}'
    assert photo['size'] == [3, 5]
    assert (photo['doubt'], photo['score']) == (0.5, 93.75)
    assert values['photos'][1]['doubt'] is None
    assert list(values['layers']) == ['map a', 'truth']
    assert values['names'] == {'2': f'cat {EVIL}'}
    assert values['step'] == 1
    # Only a curve over the thresholds of the slider fits it.
    curve = Curve('map a', (0.0, 0.5), (10.0, 30.0), 0.0, 0.5)
    other = Curve('map b', (0.0, 0.6), (10.0, 30.0), 0.0, 0.6)
    values = page_values(make_data(curves=(curve, other)))
    assert values['mIoU'] == {'map a': (10.0, 30.0)}


@pytest.mark.parametrize(
    ('changes', 'gone'),
    [
        ({'doubt': 0.0}, {'doubt'}),
        ({'doubt': None, 'score': None}, {'doubt'}),
        ({}, set()),
    ],
)
def test_controls_of_what_is_unknown_are_left_out(changes, gone):
    photo = replace(make_gallery().photos[0], **changes)
    page = Page(
        render_report(make_data(gallery=make_gallery(photos=(photo,))))
    )
    inputs = {attributes['id'] for attributes in page.all('input')}
    assert inputs == {'doubt', 'step'} - gone
    orders = {o['value'] for o in page.all('option')} - {'0', 'list'}
    scored = photo.score is not None
    assert orders == {
        *(['doubt'] if not gone else []),
        *(['best', 'worst'] if scored else []),
    }


def test_without_a_cam_there_is_no_threshold():
    gallery = make_gallery(layers={'truth': 'labels'})
    page = Page(render_report(make_data(gallery=gallery)))
    assert 'step' not in {i['id'] for i in page.all('input')}


def test_numbers_stand_in_their_rows():
    page = Page(render_report(make_data()))
    for row in (
        ['this run', '41.2', '–'],
        ['AMR a', '56.8', '68.8'],
        ['map a', '0.00', '10.0', '0.50', '30.0'],
        ['cat a', '12.5', '–'],
        ['make a', 'mIoU a', '41.26'],
    ):
        assert row in page.rows, row
    (stage,) = [r for r in page.rows if len(r) == 8 and r[1] == 'ran']
    assert stage[0] == 'make aconfig a'  # below each other
    assert stage[1:3] == ['ran', '1 min 01 s']
    assert stage[3:] == [
        'train 1,464',
        'fixed 0.20, best 0.24',
        '7',
        'weights a',
        'why a',
    ]
    for text in ('77.5', '43.8', '1 h 01 min', 'seed 7', 'note'):
        assert text in page.text


def test_names_are_escaped_everywhere():
    plain = Page(render_report(make_data()))
    page = Page(render_report(make_data(name=EVIL)))
    assert [name for name, _ in page.tags] == [n for n, _ in plain.tags]
    marked = Page(render_report(make_data(name='§')))
    assert page.text.count(EVIL) == marked.text.count('§') >= 14


@pytest.mark.parametrize('toy', [False, True])
def test_toy_data_are_called_so(toy):
    page = Page(render_report(make_data(toy=toy)))
    assert ('Toy data.' in page.text) == toy
    assert ('not comparable' in ' '.join(page.text.split())) == toy
    own = ['this run (toy data)' if toy else 'this run', '41.2', '–']
    assert own in page.rows


@pytest.mark.parametrize(
    ('field', 'empty', 'text'),
    [
        ('scores', (), '77.5'),
        ('comparison', (), 'Beside published'),
        ('stages', (), 'Stages'),
        ('curves', (), 'Background threshold'),
        ('classes', ClassTable(), 'IoU of each class'),
        ('gallery', Gallery(), 'chosen a'),
        ('notes', (), 'left out a'),
        ('config', '', 'Config of the pipeline'),
        ('versions', {}, 'Made with'),
        ('seed', None, 'seed 7'),
        ('seconds', None, '1 h 01 min'),
    ],
)
def test_what_is_missing_is_left_out(field, empty, text):
    assert text in Page(render_report(make_data())).text
    assert text not in Page(render_report(make_data(**{field: empty}))).text
