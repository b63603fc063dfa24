"""Own photos through the whole chain, by a config of a few lines."""

import csv
import json
import unicodedata

import numpy as np
from own_photos import NAMES, OWN, make_photos
from pipeline_configs import write_pipeline
from pycocotools.coco import COCO

from projects.amr.datasets import VOCFolder
from projects.amr.structures import load_label_map

OWN_CONFIG = """
_base_ = './tiny_pipeline.py'
name = 'own'
own_data = dict(
    image_dir={folder!r} + '/photos',
    label_file={folder!r} + '/labels.csv',
    val_share=0.2,
)
"""


def test_from_photos_and_csv_to_a_segmentor_and_coco(call, toy_root, tmp_path):
    make_photos(toy_root, tmp_path)
    write_pipeline(toy_root, tmp_path)
    config = tmp_path / 'own.py'
    config.write_text(OWN_CONFIG.format(folder=str(tmp_path)))
    work = tmp_path / 'work'
    call('run_pipeline.py', config, '--work-dir', work, cwd=tmp_path)
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
    call('export_labels.py', labels, out, *where, cwd=tmp_path)
    coco = COCO(str(out))
    assert [c['name'] for c in coco.cats.values()] == sorted(OWN.values())
    with (root / 'images.csv').open(encoding='utf-8', newline='') as file:
        paths = {row['id']: row['path'] for row in csv.DictReader(file)}
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
