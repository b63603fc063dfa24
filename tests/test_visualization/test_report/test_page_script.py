"""The page's script in node, and the whole page in a browser."""

import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from report_samples import Page

from projects.amr.visualization.report.data import (
    Curve,
    Gallery,
    Layer,
    Photo,
    ReportData,
)
from projects.amr.visualization.report.page import TEMPLATES, render_report
from projects.amr.visualization.report.photo_files import (
    cam_layer,
    label_layer,
    save_photo,
)

SCRIPT = TEMPLATES / 'report.js'
PALETTE = ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
SIZE = (23, 37)
STEPS = (0.0, 0.25, 0.5, 0.75)


def in_node(expression: str, **values):
    """Value of an expression, with the script's functions as ``page``."""
    node = shutil.which('node')
    if node is None:
        pytest.skip('no node on this machine')
    code = (
        f'const page = require({json.dumps(str(SCRIPT))});'
        f'const values = {json.dumps(values)};'
        f'(async () => console.log(JSON.stringify({expression})))();'
    )
    done = subprocess.run(
        [node, '-e', code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_threshold_rule_equals_numpy():
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 5, 200)
    winners = rng.integers(0, 21, 200)
    got = in_node(
        '[0, 1, 3].map((step) => page.camLabels(values.l, values.w, step))',
        l=levels.tolist(),
        w=winners.tolist(),
    )
    for step, labels in zip((0, 1, 3), got, strict=True):
        want = np.where(levels > step, winners, 0)
        np.testing.assert_array_equal(labels, want)


def test_pixels_have_the_colour_of_their_label():
    got = in_node(
        "['cam', 'labels', 'grey'].map((kind) => [...page.layerPixels("
        'kind, kind === "cam" ? values.cam : [values.plane], 1, '
        'values.colours)])',
        cam=[[0, 2, 2], [1, 1, 3]],
        plane=[0, 3, 255],
        colours=PALETTE,
    )
    cam, labels, grey = np.array(got).reshape(3, 3, 4)
    assert cam[0, 3] == labels[0, 3] == 0  # background: only the photo
    assert cam[1, :3].tolist() == list(PALETTE[1])
    assert cam[2, :3].tolist() == labels[1, :3].tolist() == list(PALETTE[3])
    assert labels[2, :3].tolist() == [255] * 3
    assert 0 < cam[1, 3] < 255
    assert grey[:, 0].tolist() == [0, 3, 255]


def test_file_of_a_photo_comes_back_plane_by_plane(tmp_path):
    planes = np.random.default_rng(0).integers(0, 256, (3, 4, 6), np.uint8)
    layers = [Layer('a', 'labels', planes[:1]), Layer('b', 'cam', planes[1:])]
    image = np.zeros((4, 6, 3), np.uint8)
    _, script = save_photo(tmp_path, image, layers)
    text = (tmp_path / script).read_text().split('"')[3]
    got = in_node(
        'page.splitPlanes(await page.inflate(values.text), values.photo, '
        'values.kinds)',
        text=text,
        photo={'size': [4, 6], 'layers': ['a', 'b']},
        kinds={'a': 'labels', 'b': 'cam'},
    )
    flat = [list(plane.values()) for plane in (*got['a'], *got['b'])]
    assert flat == planes.reshape(3, -1).tolist()


def test_filters_and_orders_equal_sorted():
    rng = np.random.default_rng(0)
    photos = [
        {
            'doubt': None if k % 7 == 0 else float(rng.integers(0, 5)) / 4,
            'score': None if k % 5 == 0 else float(rng.integers(0, 9)),
            'classes': rng.choice(4, 2, replace=False).tolist(),
        }
        for k in range(40)
    ]
    far = float('inf')

    def negated(value):
        return far if value is None else -value

    keys = {
        'doubt': lambda p: negated(p['doubt']),
        'best': lambda p: negated(p['score']),
        'worst': lambda p: far if p['score'] is None else p['score'],
        'list': lambda p: 0,
    }
    cases = [
        {'label': label, 'doubt': doubt, 'order': order}
        for order in keys
        for label in (0, 2)
        for doubt in (0, 0.5)
    ]
    got = in_node(
        'values.cases.map((c) => page.choosePhotos(values.photos, c))',
        photos=photos,
        cases=cases,
    )
    for case, numbers in zip(cases, got, strict=True):
        want = [
            k
            for k, p in enumerate(photos)
            if (not case['label'] or case['label'] in p['classes'])
            and (p['doubt'] or 0) >= case['doubt']
        ]
        want.sort(key=lambda k: keys[case['order']](photos[k]))
        assert numbers == want, case


def write_page(folder: Path) -> tuple[Path, dict[str, Layer]]:
    """A page of two photos, the second the more doubtful."""
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(
        rng.integers(0, 256, (*SIZE, 3), np.uint8), (0, 0), 3
    )
    cam = rng.random((2, 6, 9)).astype(np.float32)
    truth = rng.integers(0, 4, SIZE).astype(np.uint8)
    (folder / 'files').mkdir()
    photos = []
    for k, classes in enumerate(([0, 1], [0, 2])):
        layers = (
            cam_layer('CAM', cam, classes, SIZE, STEPS),
            label_layer('true mask', truth, SIZE),
        )
        names = [
            f'files/{n}' for n in save_photo(folder / 'files', image, layers)
        ]
        labels = tuple(c + 1 for c in classes)
        photos.append(
            Photo(
                f'photo {k}',
                *names,
                SIZE,
                ('CAM', 'true mask'),
                labels,
                k / 2,
                50.0 + k,
            )
        )
    gallery = Gallery(
        tuple(photos),
        {'CAM': 'cam', 'true mask': 'labels'},
        STEPS,
        0.25,
        {1: 'cat', 2: 'dog', 3: 'cow'},
        PALETTE,
        'CAM',
        'two photos',
    )
    curve = Curve('CAM', STEPS, (10.0, 20.0, 30.0, 40.0), 0.25, 0.75)
    data = ReportData('Page', curves=(curve,), gallery=gallery)
    page = folder / 'report.html'
    page.write_text(render_report(data), encoding='utf-8')
    return page, {layer.name: layer for layer in layers}


# What a person does, and what the page then shows.
ACTIONS = """
<script>
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const act = (id, value, kind = 'input') => {
  const element = document.getElementById(id);
  element.value = value;
  element.dispatchEvent(new Event(kind));
};
const names = () =>
  [...document.querySelectorAll('.name')].map((n) => n.textContent);
const pixels = (canvas) => [
  ...canvas
    .getContext('2d')
    .getImageData(0, 0, canvas.width, canvas.height).data,
];
(async () => {
  const seen = { orders: [names()], pixels: {} };
  const canvas = () => document.querySelector('.card canvas');
  for (let n = 0; n < 50 && canvas().hidden; n++) await wait(50);
  for (const step of [1, 2]) {
    act('step', step);
    seen.pixels[step] = pixels(canvas());
  }
  seen.score = document.getElementById('score').value;
  act('layer', 'true mask');
  seen.pixels.mask = pixels(canvas());
  document.querySelector('.card button').click();
  seen.stages = [...document.querySelectorAll('.open figcaption')].map(
    (n) => n.textContent
  );
  seen.open = pixels(document.querySelector('.open .panels canvas'));
  act('order', 'worst');
  seen.orders.push(names());
  act('label', '3');
  seen.orders.push(names());
  act('label', '0');
  act('doubt', '0.4');
  seen.orders.push(names());
  seen.shown = document.getElementById('shown').value;
  document.body.replaceChildren(JSON.stringify(seen));
})();
</script>
"""


@pytest.fixture(scope='module')
def seen(tmp_path_factory):
    """What a browser shows of a page that is opened from the disk."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip('no Chromium on this machine')
    folder = tmp_path_factory.mktemp('page with spaces #1')
    page, layers = write_page(folder)
    text = page.read_text(encoding='utf-8')
    page.write_text(text.replace('</body>', f'{ACTIONS}</body>'))
    done = subprocess.run(
        [
            *(browser, '--headless=new', '--no-sandbox', '--disable-gpu'),
            *('--virtual-time-budget=8000', '--dump-dom'),
            f'--user-data-dir={folder / "profile"}',
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if not done.stdout.strip():
        pytest.skip(f'the browser does not start: {done.stderr[-300:]}')
    shown = Page(done.stdout.replace('<!DOCTYPE html>', ''))
    return json.loads(shown.text[shown.text.index('{') :]), layers


def test_browser_recomputes_the_overlay(seen):
    shown, layers = seen
    level, winner = layers['CAM'].planes
    for step in (1, 2):
        want = np.where(level > step, winner, 0)
        pixels = np.array(shown['pixels'][str(step)]).reshape(*SIZE, 4)
        np.testing.assert_array_equal(pixels[..., 3] > 0, want > 0)
        # A canvas stores colours multiplied by their opacity.
        colours = np.array(PALETTE)[want]
        assert np.abs(pixels[..., :3] - colours)[want > 0].max() <= 2
    assert shown['pixels']['1'] != shown['pixels']['2']
    mask = np.array(shown['pixels']['mask']).reshape(*SIZE, 4)
    truth = layers['true mask'].planes[0]
    np.testing.assert_array_equal(mask[..., 3] > 0, truth > 0)
    assert shown['score'] == '30.0'


def test_browser_sorts_filters_and_opens(seen):
    shown, _ = seen
    first, second = 'photo 0', 'photo 1'
    assert shown['orders'] == [
        [second, first],
        [first, second],
        [second],
        [second],
    ]
    assert shown['shown'] == '1 of 2 photos'
    assert shown['stages'] == ['CAM', 'true mask']
    assert shown['open'] == shown['pixels']['2']
