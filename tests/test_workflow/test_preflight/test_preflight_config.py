from dataclasses import replace
from pathlib import Path

from damaged_voc import mask, save_mask, sound_root
from pipeline_configs import write_pipeline
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor

from projects.amr.workflow.preflight.check import check_splits
from projects.amr.workflow.preflight.splits import config_splits, folder_splits


def written(cfg, path: Path) -> str:
    cfg.dump(path)
    return str(path)


def test_lists_of_a_classifier_config(toy_root, tmp_path):
    path = written(tiny_config(toy_root, tmp_path), tmp_path / 'cam.py')
    splits, passed = config_splits(path)
    assert passed == []
    assert [(s.name, s.role, s.path.stem) for s in splits] == [
        ('train', 'train', 'train_aug'),
        ('val', 'val', 'val'),
        ('test', 'made', 'train'),
    ]
    train, val, _ = splits
    assert (train.mask_dir, val.mask_dir) == (
        None,
        toy_root / 'SegmentationClass',
    )
    assert train.xml_dir == toy_root / 'Annotations'
    assert len(train.classes) == 5
    report = check_splits(splits)
    report.require_sound()
    shared = report.content()['overlap']
    assert shared == {'train|test': len(splits[2].path.read_text().split())}
    assert any('labels are made of them' in line for line in report.lines())


def test_colours_alone_leave_the_classes_of_the_type(toy_root, tmp_path):
    cfg = tiny_config(toy_root, tmp_path)
    colours = [[0, 0, 0]] * 21
    cfg.test_dataloader.dataset.metainfo = {'palette': colours}
    splits, _ = config_splits(written(cfg, tmp_path / 'cam.py'))
    assert splits[2].classes[:2] == ('background', 'aeroplane')


def test_lists_of_a_segmentor_config(toy_root, tmp_path):
    cfg = tiny_segmentor(toy_root, tmp_path)
    cfg.test_dataloader.dataset.ann_file = 'ImageSets/Segmentation/train.txt'
    splits, _ = config_splits(written(cfg, tmp_path / 'seg.py'))
    assert [(s.role, s.path.stem) for s in splits] == [
        ('train', 'train_aug'),
        ('val', 'val'),
        ('test', 'train'),
    ]
    assert splits[0].masks_needed
    assert not splits[1].masks_needed
    assert splits[0].xml_dir is None
    faults = check_splits(splits).faults()
    assert len(faults) == 1
    assert '(test)' in faults[0]


def test_lists_of_a_pipeline(toy_root, tmp_path):
    path = write_pipeline(toy_root, tmp_path)
    splits, passed = config_splits(str(path), work_dir=str(tmp_path / 'w'))
    assert [(s.name, s.role) for s in splits] == [
        ('cam_train.train', 'train'),
        ('cam_train.val', 'val'),
        ('cam_make.test', 'made'),
        ('seeds.test', 'made'),
        ('seg_train.val', 'val'),
        ('seg_val.test', 'made'),
    ]
    assert len(passed) == 1
    assert 'seg_train' in passed[0]
    check_splits(splits).require_sound()


def test_labels_can_be_those_of_masks(tmp_path):
    root = sound_root(tmp_path / 'VOC2012')
    save_mask(root, 'c', mask(values=(0, 2, 3)))
    (one,) = folder_splits(root, {'train': 'train'})
    one = replace(one, xml_dir=None, labels_in_masks=True)
    report = check_splits([one])
    assert report.splits[0].per_class == {
        'dog': 2,
        'cat': 1,
        'dining table': 1,
    }
