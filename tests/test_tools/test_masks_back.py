"""Masks go into labelling tools and come back with the same pixels."""

import json
import unicodedata
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.images.image_ids import image_id_of
from projects.amr.errors import DataError, UserError
from projects.amr.structures import load_label_map, save_label_map
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.workflow.export import corrected_masks
from projects.amr.workflow.export.brush_rle import decode_brush, encode_brush
from projects.amr.workflow.export.corrected_masks import MaskImport
from projects.amr.workflow.export.label_export import LabelFolder
from projects.amr.workflow.export.tool_masks import export_label_studio

CLASSES = ('background', 'dog', 'red & blue')
SIZES = {'a b': (23, 37), 'day%2Fc': (1, 1), 'd': (40, 5)}
PHOTOS = {'a b': 'a b.PNG', 'day%2Fc': 'day/c.PNG', 'd': 'd.PNG'}


def write_root(folder, paths, ids, size=(2, 3)):
    """Photos of these paths as ``import_images.py`` lays them out."""
    root, lists = folder / 'root', folder / 'root/ImageSets/Segmentation'
    for path in (root / 'JPEGImages', lists, folder / 'in'):
        path.mkdir(parents=True)
    rows = ['id,path']
    for path in paths:
        image_id = image_id_of(path)
        rows.append(f'{image_id},{path}')
        image = Image.new('RGB', SIZES.get(image_id, size)[::-1])
        image.save(root / 'JPEGImages' / f'{image_id}.png')
    (root / 'images.csv').write_text('\n'.join(rows), encoding='utf-8')
    (root / 'classes.txt').write_text('\n'.join(CLASSES))
    (lists / 'all.txt').write_text('\n'.join(ids), encoding='utf-8')
    return VOCFolder.open(root, 'all')


@pytest.fixture
def folder(tmp_path):
    """Three own photos with label maps of all values."""
    (tmp_path / 'labels').mkdir()
    rng = np.random.default_rng(0)
    for image_id, size in SIZES.items():
        labels = rng.choice([0, 1, 2, 255], size).astype(np.uint8)
        save_label_map(tmp_path / 'labels' / f'{image_id}.png', labels)
    return write_root(tmp_path, PHOTOS.values(), SIZES)


@pytest.fixture
def where(folder):
    """Flags that name the photos."""
    return '--data-root', folder.root, '--split', 'all'


def maps(folder):
    paths = folder.glob('*.png')
    return {path.stem: load_label_map(path)[0] for path in paths}


def imported(source, kind, folder, *more):
    """What comes back, and nothing is left where it is refused."""
    out = source.parent / 'imported'
    try:
        MaskImport(source, kind, folder, *more).write(out)
    except DataError:
        assert not out.exists()
        raise
    return maps(out)


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for key, labels in wanted.items():
        assert (found[key] == labels).all(), key


def annotated(path):
    """The predictions as a person's annotations, as Label Studio exports."""
    tasks = json.loads(path.read_text())
    for number, task in enumerate(tasks):
        task |= {'id': number, 'annotations': task.pop('predictions')}
    path.write_text(json.dumps(tasks))


@pytest.mark.parametrize('kind', ['label-studio', 'fiftyone', 'coco'])
def test_exported_masks_come_back(where, tmp_path, output_of, kind):
    made = ('coco.json', '--label-studio', 'ls.json', '--fiftyone', '51')
    output_of('export_labels', 'labels', *made, *where)
    annotated(tmp_path / 'ls.json')
    source = {'label-studio': 'ls.json', 'fiftyone': '51', 'coco': 'coco.json'}
    words = (source[kind], 'back', '--format', kind, *where)
    output_of('import_masks', *words)
    wanted = maps(tmp_path / 'labels')
    if kind == 'coco':  # has no 255
        wanted = {k: np.where(v == 255, 0, v) for k, v in wanted.items()}
    assert_same(maps(tmp_path / 'back'), wanted)
    output_of('import_masks', *words, code=2)  # nothing is overwritten


def test_colours_and_arrays_come_back(folder, tmp_path):
    wanted = maps(tmp_path / 'labels')
    for image_id, labels in wanted.items():
        path = tmp_path / 'rgb' / PHOTOS[image_id].replace('PNG', 'png')
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(voc_palette()[labels]).save(path)
        path = tmp_path / '51' / 'labels' / f'{Path(PHOTOS[image_id]).stem}'
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.array([0, 7, 9, *[255] * 253])[labels])
    colours = {
        name: voc_palette()[k].tolist() for k, name in enumerate(CLASSES)
    }
    colours['ignored'] = voc_palette()[255].tolist()
    palette = tmp_path / 'colours.json'
    palette.write_text(json.dumps(colours))
    job = MaskImport(tmp_path / 'rgb', 'colours', folder, palette)
    assert job.write(tmp_path / 'back') == 3
    assert_same(maps(tmp_path / 'back'), wanted)
    targets = tmp_path / '51' / 'mask_targets.json'
    for bad in ({'7': 'dog'}, {'7': 'dog', '9': 'cow'}, [7]):
        targets.write_text(json.dumps(bad))
        with pytest.raises(DataError):
            imported(tmp_path / '51', 'fiftyone', folder)
    names = {'7': 'dog', '9': 'red & blue', '255': 'ignored'}
    targets.write_text(json.dumps(names))
    assert_same(imported(tmp_path / '51', 'fiftyone', folder), wanted)


IMAGE = {'id': 1, 'file_name': 'd.PNG', 'height': 40, 'width': 5}
BOX = {'segmentation': [[1, 2, 4, 2, 4, 9, 1, 9]], 'category_id': 1}


def write_coco(folder, annotations, images=(IMAGE,)):
    """A file of COCO of one class; where it is."""
    path = folder / 'in.json'
    categories = [{'id': 1, 'name': 'dog'}]
    whole = {'images': images, 'categories': categories}
    path.write_text(json.dumps({**whole, 'annotations': annotations}))
    return path


def write_task(folder, image, result):
    """An export of Label Studio of one task; where it is."""
    path = folder / 'in.json'
    annotations = [{'result': result}]
    task = {'data': {'image': image}, 'annotations': annotations}
    path.write_text(json.dumps([task]))
    return path


def brush(rle, height=2, width=3):
    """A region of Label Studio."""
    value = {'format': 'rle', 'rle': rle, 'brushlabels': ['dog']}
    size = {'original_height': height, 'original_width': width}
    return {'value': value, **size}


@pytest.mark.parametrize(
    'result',
    [
        [brush([0, 1], 40, 5)],
        [{'value': brush([0, 1])['value']}],
        [{'value': {}, 'type': 'polygonlabels'}],
        [],
    ],
)
def test_malformed_brushes_are_named(folder, tmp_path, result):
    path = write_task(tmp_path, 'd.PNG', result)
    with pytest.raises(DataError, match=str(path)):
        imported(path, 'label-studio', folder)


@pytest.mark.parametrize(
    'content',
    [
        3,
        [{'image_id': 2}],
        [{'image_id': 1, 'category_id': 2, 'segmentation': []}],
        [{'image_id': 1, 'category_id': 1}],
        *(
            [{'image_id': 1, 'category_id': 1, 'segmentation': s}]
            for s in (
                'x',
                [],
                None,
                [[]],
                [[1, 2, 3, 9]],
                [[1, 2, 4, 2, 4, 9], [1, 1, 4, 4]],
                [[1, 2, 4, 2, 4]],
                [[1, 2, 4, 2, 4, 9, 1]],
                [[1, 2, 4, 2, 4, float('nan')]],
                {'size': [5, 40], 'counts': [10, 20, 170]},
                {'size': [40, 5], 'counts': [10, 20]},
                {'size': [40, 5], 'counts': 'zzzz'},
            )
        ),
    ],
)
def test_malformed_regions_of_coco_are_named(folder, tmp_path, content):
    path = write_coco(tmp_path, content)
    with pytest.raises(DataError, match=str(path)):
        imported(path, 'coco', folder)


def test_polygons_of_coco_are_drawn(folder, tmp_path):
    path = write_coco(tmp_path, [{**BOX, 'image_id': 1}])
    wanted = np.zeros(SIZES['d'], np.uint8)
    wanted[2:9, 1:4] = 1
    assert_same(imported(path, 'coco', folder), {'d': wanted})


def test_images_without_an_annotation_are_not_done_yet(
    where, tmp_path, output_of
):
    other = {'id': 2, 'file_name': 'a b.PNG', 'height': 23, 'width': 37}
    write_coco(tmp_path, [{**BOX, 'image_id': 1}], [IMAGE, other])
    words = ('--format', 'coco', *where)
    text = output_of('import_masks', 'in.json', 'some', *words)
    assert '1 images without' in text
    assert maps(tmp_path / 'some').keys() == {'d'}
    output_of('import_masks', 'in.json', 'all', *words, '--keep-empty')
    found = maps(tmp_path / 'all')
    assert found.keys() == {'a b', 'd'}
    assert not found['a b'].any()


def test_corrected_masks_win_and_sources_stay(where, tmp_path, output_of):
    pseudo = maps(tmp_path / 'labels')
    before = {p: p.read_bytes() for p in (tmp_path / 'labels').iterdir()}
    fixed = np.full(SIZES['d'], 2, np.uint8)
    save_label_map(tmp_path / 'in' / 'd.png', fixed)
    output_of('merge_labels', 'labels', 'in', 'out', *where)
    assert_same(maps(tmp_path / 'out'), {**pseudo, 'd': fixed})
    assert before == {p: p.read_bytes() for p in before}
    (tmp_path / 'out' / 'a b.png').unlink()
    save_label_map(tmp_path / 'in' / 'd.png', fixed - 1)
    text = output_of('merge_labels', 'labels', 'in', 'out', *where)
    assert_same(maps(tmp_path / 'out'), {**pseudo, 'd': fixed - 1})
    assert '1 kept' in text
    output_of('merge_labels', 'labels', 'in', 'labels', *where, code=2)


def brush_masks():
    rng = np.random.default_rng(0)
    for size in ((1, 1), (7, 5), (190, 211)):
        yield rng.random(size) < 0.3
        yield np.zeros(size, bool)
    yield np.ones((190, 211), bool)


def test_brush_codes_are_inverse():
    for mask in brush_masks():
        assert (decode_brush(encode_brush(mask), mask.shape) == mask).all()
    rle = encode_brush(np.ones((4, 3), bool))
    for bad, size in ((rle[:-2], (4, 3)), (rle, (3, 3)), ([], (1, 1))):
        with pytest.raises(ValueError, match='brush code'):
            decode_brush(bad, size)


def test_label_studios_own_converter_agrees():
    sdk = pytest.importorskip(
        'label_studio_sdk.converter.brush',
        reason='pip install label-studio-sdk',
    )
    for mask in brush_masks():
        found = sdk.decode_rle(encode_brush(mask)).reshape(*mask.shape, 4)
        assert (found[..., 3] == 255 * mask).all()
        other = sdk.mask2rle(255 * mask.astype(np.uint8))
        assert (decode_brush(other, mask.shape) == mask).all()


def test_an_import_that_was_killed_starts_again(folder, tmp_path, monkeypatch):
    job = MaskImport(tmp_path / 'labels', 'label-maps', folder)
    out = tmp_path / 'out'
    seen = []

    def killed(path, labels):
        seen.append(save_label_map(path, labels))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(corrected_masks, 'save_label_map', killed)
        with pytest.raises(KeyboardInterrupt):
            job.write(out)
    assert seen
    assert not out.exists()
    left = tmp_path / '.out.tmp'  # as by a signal that cannot be caught
    left.mkdir()
    (left / 'x.png').touch()
    out.mkdir()
    assert job.write(out) == 3
    assert maps(out).keys() == SIZES.keys()
    assert not left.exists()


@pytest.mark.parametrize('out', ['full', 'file', 'file/out'])
def test_output_folders_must_be_new(where, tmp_path, output_of, out):
    (tmp_path / 'full').mkdir()
    for name in ('full/mine', 'file'):
        (tmp_path / name).write_text('mine')
    words = ('labels', out, '--format', 'label-maps', *where)
    output_of('import_masks', *words, code=2)
    words = ('labels', 'a.json', '--fiftyone', out, *where)
    output_of('export_labels', *words, code=2)
    assert (tmp_path / 'full/mine').read_text() == 'mine'
    assert (tmp_path / 'file').read_text() == 'mine'


@pytest.mark.parametrize('name', ['a.xml', 'A.XML', 'no such/a.json'])
def test_the_labelling_config_does_not_replace_the_tasks(
    folder, tmp_path, name
):
    with pytest.raises(UserError):
        export_label_studio(
            LabelFolder(tmp_path / 'labels', folder), tmp_path / name
        )


def test_label_maps_of_a_smaller_palette_are_refused(
    folder, where, tmp_path, output_of
):
    path = tmp_path / 'in' / 'd.png'
    save_label_map(path, np.full(SIZES['d'], 2, np.uint8))
    with Image.open(path) as image:
        image.remap_palette([2]).save(path)
    with pytest.raises(DataError):
        imported(tmp_path / 'in', 'label-maps', folder)
    output_of('merge_labels', 'labels', 'in', 'out', *where, code=3)


def test_masks_of_other_images_or_sizes_are_named(folder, tmp_path):
    for name in ('d', 'x'):
        labels = np.zeros((5, 40), np.uint8)
        save_label_map(tmp_path / 'in' / f'{name}.png', labels)
    with pytest.raises(DataError, match=r'(?s)d\.png.*x\.png'):
        imported(tmp_path / 'in', 'label-maps', folder)


@pytest.mark.parametrize(
    'path',
    [
        'h/20240101-a.png',
        'h/a#1.png',
        'h/a?.png',
        'h/50%25.png',
        'h/a.jpg.png',
        unicodedata.normalize('NFD', 'h/ä.png'),
    ],
)
@pytest.mark.parametrize('kind', ['label-maps', 'fiftyone', 'label-studio'])
def test_masks_go_to_the_photo_of_their_whole_name(tmp_path, path, kind):
    paths = [path, 'a.png', 'h/a.png', 'y/a.png']
    ids = [image_id_of(p) for p in paths]
    folder = write_root(tmp_path, paths, ids)
    labels = np.ones((2, 3), np.uint8)
    source = tmp_path / 'in'
    if kind == 'label-maps':
        save_label_map(source / f'{ids[0]}.png', labels)
    elif kind == 'fiftyone':
        (source / 'labels/h').mkdir(parents=True)
        (source / 'mask_targets.json').write_text('{"1": "dog"}')
        save_label_map((source / 'labels' / path).with_suffix('.PNG'), labels)
    else:
        url = '/data/local-files/?d=' + quote(path)
        source = write_task(source, url, [brush(encode_brush(labels > 0))])
    assert list(imported(source, kind, folder)) == ids[:1]


@pytest.mark.parametrize('upload', ['0a1b2c3d-a.png', '0a1b2c3d-b.png'])
def test_uploads_are_found_by_either_name(tmp_path, upload):
    paths = ['0a1b2c3d-a.png', 'a.png', 'b.png']
    folder = write_root(tmp_path, paths, [p[:-4] for p in paths])
    region = brush(encode_brush(np.ones((2, 3), bool)))
    path = write_task(tmp_path, f'/data/upload/1/{upload}', [region])
    wanted = upload if upload in paths else 'b.png'
    assert list(imported(path, 'label-studio', folder)) == [wanted[:-4]]


@pytest.mark.parametrize(
    ('name', 'wanted'),
    [
        ('a.png', None),  # two photos, one of them outside the split
        ('b.png', None),  # outside the split
        ('z/b.png', None),
        ('z/c.png', 'x/c.png'),
        ('images/0a1b2c3d-c.png', 'x/c.png'),
    ],
)
def test_names_are_looked_up_among_all_photos(tmp_path, name, wanted):
    paths = ['x/a.png', 'y/a.png', 'y/b.png', 'x/c.png']
    ids = [image_id_of(p) for p in paths]
    folder = write_root(tmp_path, paths, [ids[0], ids[3]])
    image = {'id': 1, 'file_name': name, 'height': 2, 'width': 3}
    shape = {'segmentation': [[0, 0, 3, 0, 3, 2]], 'category_id': 1}
    path = write_coco(tmp_path, [{**shape, 'image_id': 1}], [image])
    if wanted is None:
        with pytest.raises(DataError):
            imported(path, 'coco', folder)
    else:
        assert list(imported(path, 'coco', folder)) == [image_id_of(wanted)]
