import base64
import re

import cv2
import numpy as np
import pytest
from report_samples import Page

from projects.amr.visualization.report import (
    ClassTable,
    Comparison,
    Curve,
    Panel,
    ReportData,
    Score,
    Stage,
    Strip,
    render_report,
    write_report,
)
from projects.amr.visualization.report.page import PICTURE_SIDE, data_url

EVIL = '<b>bold</b> & "quoted" \'Äpfel\''


def noise(height=23, width=37, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), np.uint8)


def make_data(size=(23, 37), name='a', **changes):
    panels = (
        Panel('image', noise(*size)),
        Panel('truth', np.full((*size, 3), 128, np.uint8), flat=True),
    )
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
        'strips': (
            Strip(f'id {name}', f'Best {name}', panels, 93.75),
            Strip('id 2', f'Best {name}', panels),
        ),
        'strip_note': f'chosen {name}',
        'legend': {f'cat {name}': (128, 0, 0)},
        'seed': 7,
        'seconds': 3660.0,
        'versions': {'torch': f'2.1 {name}'},
        'notes': (f'left out {name}',),
        'config': f'stages = {name}',
    }
    return ReportData(**{**fields, **changes})


def decode(url):
    kind, data = re.fullmatch(r'data:image/(\w+);base64,(.+)', url).groups()
    return kind, cv2.imdecode(
        np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR
    )


def test_page_is_well_formed_and_loads_nothing():
    document = render_report(make_data())
    page = Page(document)
    images = page.all('img')
    assert len(images) == 4
    for image in images:
        assert image['alt'] in {
            f'{c} of {i}' for c in ('image', 'truth') for i in ('id a', 'id 2')
        }
        assert image['src'].startswith('data:image/')
    assert not re.search(r'https?://|//[a-z]', document)
    names = {name for name, _ in page.tags}
    assert not names & {'script', 'link', 'iframe', 'object', 'form'}
    for _, attributes in page.tags:
        for key in ('src', 'href', 'xlink:href'):
            assert attributes.get(key, '#')[:5] in ('data:', '#') or (
                attributes[key].startswith('#')
            )
        assert not any(key.startswith('on') for key in attributes)
    assert {'name': 'viewport'}.items() <= page.all('meta')[1].items()
    assert page.all('html') == [{'lang': 'en'}]


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
    for text in ('77.5', '43.8', 'IoU 93.8', '1 h 01 min', 'seed 7', 'note'):
        assert text in page.text


def test_names_are_escaped_everywhere():
    plain = Page(render_report(make_data()))
    page = Page(render_report(make_data(name=EVIL)))
    assert [name for name, _ in page.tags] == [n for n, _ in plain.tags]
    marked = Page(render_report(make_data(name='§')))
    assert page.text.count(EVIL) == marked.text.count('§') >= 15
    alts = [image['alt'] for image in page.all('img')]
    assert f'image of id {EVIL}' in alts


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
        ('strips', (), 'Through the stages'),
        ('strip_note', '', 'chosen a'),
        ('notes', (), 'Left out of'),
        ('config', '', 'Config of the pipeline'),
        ('versions', {}, 'Made with'),
        ('seed', None, 'seed 7'),
        ('seconds', None, '1 h 01 min'),
    ],
)
def test_what_is_missing_is_left_out(field, empty, text):
    assert text in Page(render_report(make_data())).text
    assert text not in Page(render_report(make_data(**{field: empty}))).text


def test_bare_page():
    page = Page(render_report(ReportData('Nothing yet')))
    assert 'Nothing yet' in page.text
    assert page.rows == []


def test_pictures_are_those_given():
    picture = noise(21, 13)
    kind, got = decode(data_url(Panel('a', picture, flat=True)))
    assert kind == 'png'
    np.testing.assert_array_equal(got, picture)
    smooth = np.full((21, 13, 3), (30, 120, 200), np.uint8)
    kind, got = decode(data_url(Panel('a', smooth)))
    assert kind == 'jpeg'
    assert np.abs(got.astype(int) - smooth).max() <= 3


@pytest.mark.parametrize('size', [(2000, 3), (3, 2000), (700, 301), (1, 1)])
@pytest.mark.parametrize('flat', [False, True])
def test_pictures_of_any_shape_are_bounded(size, flat):
    _, got = decode(data_url(Panel('a', noise(*size), flat=flat)))
    assert max(got.shape) <= PICTURE_SIDE
    Page(render_report(make_data(size=size)))


def test_page_of_the_worst_pictures_stays_below_three_megabytes():
    photos = [Panel('x', noise(500, 500, seed)) for seed in range(5)]
    labels = np.random.default_rng(0).integers(0, 21, (20, 20, 1), np.uint8)
    labels = labels.repeat(25, 0).repeat(25, 1).repeat(3, 2)
    panels = (*photos, *[Panel('y', labels, flat=True)] * 4)
    strips = tuple(Strip(str(k), 'Best', panels) for k in range(9))
    size = len(render_report(make_data(strips=strips)).encode())
    assert size < 3_000_000


def test_written_whole_and_the_same_each_time(tmp_path):
    first = write_report(tmp_path / 'a.html', make_data())
    second = write_report(tmp_path / 'b.html', make_data())
    assert first.read_bytes() == second.read_bytes()
    assert first.read_text(encoding='utf-8') == render_report(make_data())
    assert len(list(tmp_path.iterdir())) == 2
