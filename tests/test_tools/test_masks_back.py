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


@pytest.fixture
def root(tmp_path):
    """Three own photos with label maps of all values."""
    root = tmp_path / 'root'
    lists = root / 'ImageSets' / 'Segmentation'
    for folder in (root / 'JPEGImages', lists, tmp_path / 'labels'):
        folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for image_id, size in SIZES.items():
        labels = rng.choice([0, 1, 2, 255], size).astype(np.uint8)
        save_label_map(tmp_path / 'labels' / f'{image_id}.png', labels)
        image = Image.new('RGB', size[::-1])
        image.save(root / 'JPEGImages' / f'{image_id}.png')
    (lists / 'all.txt').write_text('\n'.join(SIZES))
    (root / 'classes.txt').write_text('\n'.join(CLASSES))
    rows = [f'{key},{value}' for key, value in PHOTOS.items()]
    (root / 'images.csv').write_text('\n'.join(['id,path', *rows]))
    return root


def maps(folder, ids=SIZES):
    return {i: load_label_map(folder / f'{i}.png')[0] for i in ids}


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
def test_exported_masks_come_back(root, tmp_path, run_here, kind):
    where = ('--data-root', root, '--split', 'all')
    words = (
        *('labels', 'coco.json', '--label-studio', 'ls.json'),
        *('--fiftyone', '51', *where),
    )
    code, _, error = run_here('export_labels', *words, cwd=tmp_path)
    assert code == 0, error
    annotated(tmp_path / 'ls.json')
    source = {'label-studio': 'ls.json', 'fiftyone': '51', 'coco': 'coco.json'}
    words = (source[kind], 'back', '--format', kind, *where)
    code, _, error = run_here('import_masks', *words, cwd=tmp_path)
    assert code == 0, error
    wanted = maps(tmp_path / 'labels')
    if kind == 'coco':  # has no 255
        wanted = {k: np.where(v == 255, 0, v) for k, v in wanted.items()}
    assert_same(maps(tmp_path / 'back'), wanted)
    code, _, _ = run_here('import_masks', *words, cwd=tmp_path)
    assert code == 2  # nothing is overwritten


def test_colours_and_arrays_come_back(root, tmp_path):
    folder = VOCFolder.open(root, 'all')
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
    targets = {'7': 'dog', '9': 'red & blue', '255': 'ignored'}
    (tmp_path / '51' / 'mask_targets.json').write_text(json.dumps(targets))
    MaskImport(tmp_path / '51', 'fiftyone', folder).write(tmp_path / 'npy')
    assert_same(maps(tmp_path / 'npy'), wanted)
    for bad in ({'7': 'dog'}, {'7': 'dog', '9': 'cow'}, [7]):
        path = tmp_path / '51' / 'mask_targets.json'
        path.write_text(json.dumps(bad))
        with pytest.raises(DataError):
            MaskImport(tmp_path / '51', 'fiftyone', folder).write(
                tmp_path / 'bad'
            )
    assert not (tmp_path / 'bad').exists()


BRUSH = {'format': 'rle', 'rle': [0, 1], 'brushlabels': ['dog']}
ITEM = {'value': BRUSH, 'original_height': 40, 'original_width': 5}
IMAGE = {'id': 1, 'file_name': 'd.PNG', 'height': 40, 'width': 5}
COCO = {'images': [IMAGE], 'categories': [{'id': 1, 'name': 'dog'}]}


@pytest.mark.parametrize(
    ('kind', 'content'),
    [
        ('label-studio', [ITEM]),
        ('label-studio', [{'value': BRUSH}]),
        ('label-studio', [{'value': {}, 'type': 'polygonlabels'}]),
        ('label-studio', []),
        ('coco', [{'image_id': 2}]),
        ('coco', [{'image_id': 1, 'category_id': 2, 'segmentation': []}]),
        ('coco', [{'image_id': 1, 'category_id': 1, 'segmentation': 'x'}]),
        ('coco', [{'image_id': 1, 'category_id': 1}]),
        *(
            ('coco', [{'image_id': 1, 'category_id': 1, 'segmentation': s}])
            for s in (
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
        ('coco', 3),
    ],
)
def test_malformed_regions_are_named(root, tmp_path, kind, content):
    path = tmp_path / 'in.json'
    task = {'data': {'image': 'd.PNG'}, 'annotations': [{'result': content}]}
    whole = {**COCO, 'annotations': content} if kind == 'coco' else [task]
    path.write_text(json.dumps(whole))
    folder = VOCFolder.open(root, 'all')
    with pytest.raises(DataError) as fault:
        MaskImport(path, kind, folder).write(tmp_path / 'out')
    assert str(path) in str(fault.value)
    assert not (tmp_path / 'out').exists()


def test_polygons_of_coco_are_drawn(root, tmp_path):
    box = {'segmentation': [[1, 2, 4, 2, 4, 9, 1, 9]], 'category_id': 1}
    path = tmp_path / 'in.json'
    whole = {**COCO, 'annotations': [{**box, 'image_id': 1}]}
    path.write_text(json.dumps(whole))
    MaskImport(path, 'coco', VOCFolder.open(root, 'all')).write(
        tmp_path / 'out'
    )
    wanted = np.zeros(SIZES['d'], np.uint8)
    wanted[2:9, 1:4] = 1
    assert_same(maps(tmp_path / 'out', ['d']), {'d': wanted})


def test_images_without_an_annotation_are_not_done_yet(
    root, tmp_path, run_here
):
    box = {'segmentation': [[1, 2, 4, 2, 4, 9, 1, 9]], 'category_id': 1}
    other = {'id': 2, 'file_name': 'a b.PNG', 'height': 23, 'width': 37}
    whole = {**COCO, 'images': [IMAGE, other]}
    whole['annotations'] = [{**box, 'image_id': 1}]
    (tmp_path / 'in.json').write_text(json.dumps(whole))
    words = ('--format', 'coco', '--data-root', root, '--split', 'all')
    code, text, error = run_here(
        'import_masks', 'in.json', 'some', *words, cwd=tmp_path
    )
    assert code == 0, error
    assert '1 images without' in text
    assert [p.stem for p in (tmp_path / 'some').iterdir()] == ['d']
    words = ('in.json', 'all', *words, '--keep-empty')
    assert run_here('import_masks', *words, cwd=tmp_path)[0] == 0
    assert not maps(tmp_path / 'all', ['a b', 'd'])['a b'].any()


def test_corrected_masks_win_and_sources_stay(root, tmp_path, run_here):
    pseudo = maps(tmp_path / 'labels')
    before = {p: p.read_bytes() for p in (tmp_path / 'labels').iterdir()}
    fixed = np.full(SIZES['d'], 2, np.uint8)
    (tmp_path / 'fixed').mkdir()
    save_label_map(tmp_path / 'fixed' / 'd.png', fixed)
    words = ('labels', 'fixed', 'out', '--data-root', root, '--split', 'all')
    code, text, error = run_here('merge_labels', *words, cwd=tmp_path)
    assert code == 0, error
    assert_same(maps(tmp_path / 'out'), {**pseudo, 'd': fixed})
    assert before == {p: p.read_bytes() for p in before}
    (tmp_path / 'out' / 'a b.png').unlink()
    save_label_map(tmp_path / 'fixed' / 'd.png', fixed - 1)
    code, text, _ = run_here('merge_labels', *words, cwd=tmp_path)
    assert_same(maps(tmp_path / 'out'), {**pseudo, 'd': fixed - 1})
    assert '1 kept' in text
    code, _, _ = run_here(
        'merge_labels',
        *('labels', 'fixed', 'labels', *words[3:]),
        cwd=tmp_path,
    )
    assert code == 2


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
    brush = pytest.importorskip(
        'label_studio_sdk.converter.brush',
        reason='pip install label-studio-sdk',
    )
    for mask in brush_masks():
        found = brush.decode_rle(encode_brush(mask)).reshape(*mask.shape, 4)
        assert (found[..., 3] == 255 * mask).all()
        other = brush.mask2rle(255 * mask.astype(np.uint8))
        assert (decode_brush(other, mask.shape) == mask).all()


def test_an_import_that_was_killed_starts_again(root, tmp_path, monkeypatch):
    folder = VOCFolder.open(root, 'all')
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
    assert {path.stem for path in out.iterdir()} == set(SIZES)
    assert not left.exists()


@pytest.mark.parametrize('out', ['full', 'file', 'file/out'])
def test_output_folders_must_be_new(root, tmp_path, run_here, out):
    (tmp_path / 'full').mkdir()
    for name in ('full/mine', 'file'):
        (tmp_path / name).write_text('mine')
    where = ('--data-root', root, '--split', 'all')
    words = ('labels', out, '--format', 'label-maps', *where)
    assert run_here('import_masks', *words, cwd=tmp_path)[0] == 2
    words = ('labels', 'a.json', '--fiftyone', out, *where)
    assert run_here('export_labels', *words, cwd=tmp_path)[0] == 2
    assert (tmp_path / 'full/mine').read_text() == 'mine'
    assert (tmp_path / 'file').read_text() == 'mine'


def test_the_labelling_config_does_not_replace_the_tasks(root, tmp_path):
    source = LabelFolder(tmp_path / 'labels', VOCFolder.open(root, 'all'))
    for name in ('a.xml', 'A.XML', 'no such/a.json'):
        with pytest.raises(UserError):
            export_label_studio(source, tmp_path / name)


def test_label_maps_of_a_smaller_palette_are_refused(root, tmp_path, run_here):
    (tmp_path / 'in').mkdir()
    path = tmp_path / 'in' / 'd.png'
    save_label_map(path, np.full(SIZES['d'], 2, np.uint8))
    with Image.open(path) as image:
        image.remap_palette([2]).save(path)
    folder = VOCFolder.open(root, 'all')
    with pytest.raises(DataError):
        MaskImport(tmp_path / 'in', 'label-maps', folder).write(
            tmp_path / 'out'
        )
    words = ('labels', 'in', 'out', '--data-root', root, '--split', 'all')
    assert run_here('merge_labels', *words, cwd=tmp_path)[0] == 3


def test_masks_of_other_images_or_sizes_are_named(root, tmp_path):
    folder = VOCFolder.open(root, 'all')
    (tmp_path / 'in').mkdir()
    save_label_map(tmp_path / 'in' / 'd.png', np.zeros((5, 40), np.uint8))
    save_label_map(tmp_path / 'in' / 'x.png', np.zeros((5, 40), np.uint8))
    with pytest.raises(DataError) as fault:
        MaskImport(tmp_path / 'in', 'label-maps', folder).write(
            tmp_path / 'out'
        )
    assert 'd.png' in str(fault.value)
    assert 'x.png' in str(fault.value)
    assert not (tmp_path / 'out').exists()


def write_root(folder, paths, ids):
    """Photos of these paths as ``import_images.py`` lays them out."""
    root, lists = folder / 'root', folder / 'root/ImageSets/Segmentation'
    for path in (root / 'JPEGImages', lists, folder / 'in'):
        path.mkdir(parents=True)
    rows = ['id,path']
    for path in paths:
        rows.append(f'{image_id_of(path)},{path}')
        file = root / 'JPEGImages' / f'{image_id_of(path)}.png'
        Image.new('RGB', (3, 2)).save(file)
    (root / 'images.csv').write_text('\n'.join(rows), encoding='utf-8')
    (root / 'classes.txt').write_text('\n'.join(CLASSES))
    (lists / 'all.txt').write_text('\n'.join(ids), encoding='utf-8')
    return VOCFolder.open(root, 'all')


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
        item = {'original_height': 2, 'original_width': 3}
        item['value'] = {**BRUSH, 'rle': encode_brush(labels > 0)}
        source /= 'in.json'
        url = '/data/local-files/?d=' + quote(path)
        task = {'data': {'image': url}, 'annotations': [{'result': [item]}]}
        source.write_text(json.dumps([task]))
    MaskImport(source, kind, folder).write(tmp_path / 'out')
    assert [p.stem for p in (tmp_path / 'out').iterdir()] == ids[:1]


@pytest.mark.parametrize('upload', ['0a1b2c3d-a.png', '0a1b2c3d-b.png'])
def test_uploads_are_found_by_either_name(tmp_path, upload):
    paths = ['0a1b2c3d-a.png', 'a.png', 'b.png']
    folder = write_root(tmp_path, paths, [p[:-4] for p in paths])
    item = {'original_height': 2, 'original_width': 3}
    item['value'] = {**BRUSH, 'rle': encode_brush(np.ones((2, 3), bool))}
    data = {'image': f'/data/upload/1/{upload}'}
    task = {'data': data, 'annotations': [{'result': [item]}]}
    path = tmp_path / 'in.json'
    path.write_text(json.dumps([task]))
    MaskImport(path, 'label-studio', folder).write(tmp_path / 'out')
    wanted = upload if upload in paths else 'b.png'
    assert [p.name for p in (tmp_path / 'out').iterdir()] == [wanted]


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
    whole = {'images': [image], 'annotations': [{**shape, 'image_id': 1}]}
    path = tmp_path / 'in.json'
    path.write_text(json.dumps({**COCO, **whole}))
    job = MaskImport(path, 'coco', folder)
    if wanted is None:
        with pytest.raises(DataError):
            job.write(tmp_path / 'out')
    else:
        job.write(tmp_path / 'out')
        found = [p.stem for p in (tmp_path / 'out').iterdir()]
        assert found == [image_id_of(wanted)]
