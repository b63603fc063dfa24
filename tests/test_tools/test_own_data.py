"""Photos under odd names and a CSV, all the way to masks and a segmentor."""

import csv
import json
import runpy
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from cam_files import write_label_config
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.apis import MMSegInferencer
from own_photos import IMPORT, NAMES, OWN, make_photos
from PIL import Image
from pipeline_configs import write_pipeline
from pycocotools.coco import COCO
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor

from projects.amr.datasets import VOCFolder
from projects.amr.structures import CAMRecord, load_label_map
from projects.amr.workflow.launch.own_classes import fit_class_file

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def photos(toy_root, tmp_path_factory):
    """Toy images as photos of odd names in odd formats, and their CSV."""
    return make_photos(toy_root, tmp_path_factory.mktemp('own'))


@pytest.fixture(scope='module')
def imported(photos):
    """The devkit folder that the tool makes of them."""
    arguments = [photos / 'photos', photos / 'labels.csv', photos / 'root']
    arguments += ['--val-share', '0.2']
    tool = runpy.run_path(str(ROOT / 'tools' / f'{IMPORT}.py'))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', ['x', *map(str, arguments)])
        tool['main']()
    return photos / 'root'


def fitted(cfg, root):
    """A tiny config on the imported folder."""
    cfg.class_file = str(root / 'classes.txt')
    fit_class_file(cfg)
    cfg.experiment_name = Path(cfg.work_dir).name
    return cfg


@pytest.fixture(scope='module')
def classified(photos, imported):
    """Work dir of a tiny AMR, trained an epoch, with CAMs of all."""
    cfg = tiny_config(imported, photos / 'classifier')
    cfg.test_dataloader.dataset.ann_file = 'ImageSets/Segmentation/train.txt'
    runner = Runner.from_cfg(fitted(cfg, imported))
    runner.train()
    metrics = runner.test()
    assert 'classification/mAP' in metrics
    assert not any('mIoU' in key for key in metrics)  # there are no masks
    return photos / 'classifier'


def test_names_and_labels_survive_the_import(photos, imported):
    assert (imported / 'classes.txt').read_text('utf-8').split('\n')[:5] == [
        'background',
        'Kürbis',
        'ant',
        'big cat',
        'zebra',
    ]
    lists = [VOCFolder.open(imported, name) for name in ('train_aug', 'val')]
    ids = [*lists[0].ids, *lists[1].ids]
    assert len(lists[1].ids) == 2
    assert len(ids) == len(set(ids)) == len(NAMES)
    table = {r['id']: r['path'] for r in rows_of(imported / 'images.csv')}
    same = unicodedata.normalize
    assert {same('NFC', p) for p in table.values()} == set(NAMES)
    labels = {
        row['image']: row['labels'] for row in rows_of(photos / 'labels.csv')
    }
    for row in rows_of(imported / 'labels.csv'):
        path = table[row['image']]
        wanted = labels[same('NFC', path)]
        assert set(row['labels'].split(';')) == set(wanted.split('; '))
        image = lists[0].image_path(row['image'])
        assert image.resolve() == (photos / 'photos' / path).resolve()


def rows_of(path):
    """Rows of a CSV file as dicts."""
    with path.open(encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))


def test_segmentor_of_own_classes_works_in_mmsegs_inferencer(
    photos, imported, classified, output_of
):
    seeds = photos / 'all_seeds'
    cfg = tiny_segmentor(imported, photos / 'segmentor')
    config = write_label_config(
        photos / 'all_seeds.py', imported, classified, 'train_aug', bg_thr=0.3
    )
    output_of('make_seeds', config, '--out', seeds)
    cfg.train_dataloader.dataset.data_prefix.seg_map_path = str(seeds)
    runner = Runner.from_cfg(fitted(cfg, imported))
    runner.train()
    work = photos / 'segmentor'
    (dumped,) = work.glob('*.py')
    inferencer = MMSegInferencer(
        str(dumped), str(work / 'iter_4.pth'), device='cpu'
    )
    classes = VOCFolder.open(imported, 'val').classes
    assert tuple(inferencer.model.dataset_meta['classes']) == classes
    image = VOCFolder.open(imported, 'val').image_path(
        VOCFolder.open(imported, 'val').ids[0]
    )
    done = inferencer(
        str(image), return_vis=True, out_dir=str(work / 'out'), show=False
    )
    with Image.open(image) as picture:
        size = picture.size[::-1]
    assert done['predictions'].shape == size
    assert done['predictions'].max() < len(classes)
    assert done['visualization'].shape == (*size, 3)
    # The same labels as the test loop gives.
    cfg = Config.fromfile(dumped)
    cfg.load_from = str(work / 'iter_4.pth')
    cfg.work_dir = str(work / 'test')
    cfg.experiment_name = 'own_data_test'
    Runner.from_cfg(cfg).test()
    name = VOCFolder.open(imported, 'val').ids[0]
    stored, _ = load_label_map(work / 'test' / 'labels' / f'{name}.png')
    np.testing.assert_array_equal(done['predictions'], stored)


def test_demo_draws_the_classes_that_are_asked_for(
    output_of, photos, imported, classified
):
    config = photos / 'amr.py'
    cfg = tiny_config(imported, classified)
    fitted(cfg, imported).dump(config)
    checkpoint = classified / 'epoch_1.pth'
    split = VOCFolder.open(imported, 'train')
    records = {
        image_id: CAMRecord.load(classified / 'cams' / f'{image_id}.npz')
        for image_id in split.ids
    }
    image_id = next(i for i, r in records.items() if len(r.classes))
    record, image = records[image_id], split.image_path(image_id)
    labels = ','.join(split.classes[k + 1] for k in record.classes)
    out = photos / 'demo.png'
    words = ['cam_demo', image, config, checkpoint]
    text = output_of(*words, '--labels', labels, '--out', out)
    assert labels.split(',')[0] in text
    with Image.open(image) as picture, Image.open(out) as drawn:
        width, height = picture.size
        assert drawn.size == (4 * (width + 4), (height + 18) * len(record.cam))
    text = output_of(*words)
    assert f'{image.stem}_cam.png' in text
    scores = sorted(record.scores, reverse=True)
    assert f'{scores[0]:.3f}  ' in text.splitlines()[0]
    assert "'ant'" in output_of(*words, '--labels', 'antt', code=3)
    assert 'cams.jpg' in output_of(*words, '--out', 'cams.jpg', code=2)
    assert 'gone.pth' in output_of(*words[:-1], 'gone.pth', code=2)


def test_import_with_masks_list_and_classes(output_of, photos, tmp_path):
    (tmp_path / 'val.txt').write_text("a%b.png\nit's\n")
    classes = 'background\nKürbis\nzebra\nbig cat\nant\nunused\n'
    (tmp_path / 'classes.txt').write_text(classes, encoding='utf-8')
    words = [IMPORT, photos / 'photos', photos / 'labels.csv', 'out']
    given = ['--classes', 'classes.txt', '--val-list', 'val.txt', '--copy']
    given += ['--mask-dir', photos / 'masks']
    text = output_of(*words, *given)
    assert '20 files made, 0 kept' in text
    assert 'train_aug 8, train 8, val 2' in text
    assert 'unused: 0 to train on, 0 for validation' in text
    assert "'unused' is in no training image" in text
    out = tmp_path / 'out'
    assert (out / 'classes.txt').read_text('utf-8') == classes
    assert set(VOCFolder.open(out, 'val').ids) == {'a%25b', "it's"}
    assert not any(path.is_symlink() for path in out.rglob('*'))
    mask = out / 'SegmentationClass' / 'holiday%2Fday 1%2FIMG_0001.png'
    source = photos / 'masks' / 'holiday' / 'day 1' / 'IMG_0001.png'
    assert mask.read_bytes() == source.read_bytes()
    assert '0 files made, 20 kept' in output_of(*words, *given)
    output_of(*words, '--mask-dir', photos / 'root', code=3)


OWN_CONFIG = """
_base_ = './tiny_pipeline.py'
name = 'own'
own_data = dict(
    image_dir={folder!r} + '/photos',
    label_file={folder!r} + '/labels.csv',
    val_share=0.2,
)
"""


def test_from_photos_and_csv_to_a_segmentor_and_coco(
    output_of, toy_root, tmp_path
):
    make_photos(toy_root, tmp_path)
    write_pipeline(toy_root, tmp_path)
    config = tmp_path / 'own.py'
    config.write_text(OWN_CONFIG.format(folder=str(tmp_path)))
    work = tmp_path / 'work'
    output_of('run_pipeline', config, '--work-dir', work)
    summary = json.loads((work / 'summary.json').read_text())
    assert [s['name'] for s in summary['stages']] == [
        'import_images',
        'cam_train',
        'cam_make',
        'seeds',
        'seg_train',
        'seg_val',
    ]
    # There are no masks: labels are learned and made, nothing is scored.
    assert [entry['value'] for entry in summary['headline']] == [None, None]
    page = (work / 'report.html').read_text(encoding='utf-8')
    assert all(name in page for name in OWN.values())
    assert 'holiday/day 1/IMG_0001' in page
    root = work / 'import_images' / 'VOC2012'
    assert len(VOCFolder.open(root, 'val').ids) == 2
    out = tmp_path / 'masks.json'
    where = ['--data-root', root, '--split', 'val']
    labels = work / 'seg_val' / 'labels'
    output_of('export_labels', labels, out, *where)
    coco = COCO(str(out))
    assert [c['name'] for c in coco.cats.values()] == sorted(OWN.values())
    paths = {row['id']: row['path'] for row in rows_of(root / 'images.csv')}
    for image_id, image in zip(
        VOCFolder.open(root, 'val').ids, coco.imgs.values(), strict=True
    ):
        assert image['file_name'] == paths[image_id]
        assert unicodedata.normalize('NFC', image['file_name']) in NAMES
        stored, _ = load_label_map(labels / f'{image_id}.png')
        back = np.zeros_like(stored)
        for item in coco.imgToAnns[image['id']]:
            back[coco.annToMask(item).astype(bool)] = item['category_id']
        np.testing.assert_array_equal(back, stored)
