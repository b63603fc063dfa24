import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from file_trees import tree
from mmseg.registry import DATASETS
from PIL import Image
from scipy.io import savemat
from voc_archives import (
    SBD_ONLY,
    TRAIN,
    VAL,
    add,
    mask_of,
    mat_of,
    voc_mask,
    write_sbd_tar,
    write_voc_tar,
)

from projects.amr.errors import DataError, UserError
from projects.amr.structures import load_label_map
from projects.amr.workflow.data_preparation import voc_preparation
from projects.amr.workflow.data_preparation.voc_preparation import (
    LISTS,
    prepare_voc,
    read_sbd_mask,
)


@pytest.fixture(scope='module')
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp('archives')
    return (
        write_voc_tar(folder / 'voc.tar'),
        write_sbd_tar(folder / 'benchmark.tgz'),
    )


@pytest.fixture(scope='module')
def prepared(archives, tmp_path_factory):
    root = tmp_path_factory.mktemp('data') / 'VOC2012'
    return root, prepare_voc(root, *archives)


def test_masks_are_vocs_where_it_has_one_and_sbds_elsewhere(prepared):
    root, done = prepared
    folder = root / 'SegmentationClassAug'
    names = {path.stem for path in folder.iterdir()}
    assert names == {*TRAIN, *VAL, *SBD_ONLY}
    for image_id in (*TRAIN, *VAL):
        labels, _ = load_label_map(folder / f'{image_id}.png')
        np.testing.assert_array_equal(labels, voc_mask(image_id))
    for image_id in SBD_ONLY:
        with Image.open(folder / f'{image_id}.png') as image:
            assert image.mode == 'P'
            assert image.getpalette()[3:6] == [128, 0, 0]
            np.testing.assert_array_equal(image, mask_of(image_id))
    assert done.masks == {'VOC': 3, 'SBD': 2}


def test_lists_and_counts(prepared):
    root, done = prepared
    lists = root / LISTS
    train_aug = (lists / 'train_aug.txt').read_text().split()
    assert train_aug == sorted(TRAIN + SBD_ONLY)
    assert (lists / 'aug.txt').read_text().split() == list(SBD_ONLY)
    assert done.counts == {'train_aug': 4, 'aug': 2, 'train': 2, 'val': 1}
    assert [text.split(' ')[0] for text in done.warnings()] == [
        'train_aug',
        'train',
        'val',
    ]


def test_a_second_run_keeps_everything(prepared, archives):
    root, first = prepared
    before = tree(root)
    again = prepare_voc(root, *archives)
    assert (again.made, again.kept) == (0, first.made)
    assert tree(root) == before


@pytest.mark.parametrize('step', [3, 12, 19, 24])
def test_interrupted_and_rerun_is_byte_identical(
    prepared, archives, tmp_path, monkeypatch, step
):
    root = tmp_path / 'VOC2012'
    calls = []
    # Every file goes through one of these two.
    for name in ('write_file', 'save_label_map'):
        real = getattr(voc_preparation, name)

        def counted(*args, _real=real, **kwargs):
            calls.append(args[0])
            if len(calls) == step:
                raise KeyboardInterrupt
            return _real(*args, **kwargs)

        monkeypatch.setattr(voc_preparation, name, counted)
    with pytest.raises(KeyboardInterrupt):
        prepare_voc(root, *archives)
    assert not (root / LISTS / 'train_aug.txt').exists()
    (root / '.a.jpg.x.tmp').write_bytes(b'of a killed run')
    monkeypatch.undo()
    # As the tool does: without VOC's archive where its list is in place.
    unpacked = (root / LISTS / 'train.txt').is_file()
    done = prepare_voc(root, None if unpacked else archives[0], archives[1])
    assert done.kept >= (0 if unpacked else step - 1)
    assert tree(root) == tree(prepared[0])


def copy_of(prepared, tmp_path) -> Path:
    return Path(shutil.copytree(prepared[0], tmp_path / 'VOC2012'))


def test_foreign_files_are_left_alone_unless_told_otherwise(
    prepared, archives, tmp_path
):
    root = copy_of(prepared, tmp_path)
    image = root / 'JPEGImages' / f'{TRAIN[0]}.jpg'
    image.write_bytes(b'mine')
    with pytest.raises(DataError, match=f'{TRAIN[0]}.jpg'):
        prepare_voc(root, *archives)
    assert image.read_bytes() == b'mine'
    prepare_voc(root, *archives, overwrite=True)
    assert tree(root) == tree(prepared[0])


@pytest.mark.parametrize(
    ('without', 'message'),
    [
        ('ImageSets/Segmentation/train.txt', 'val.txt'),
        (f'JPEGImages/{SBD_ONLY[0]}.jpg', f'{SBD_ONLY[0]}.jpg'),
        (f'Annotations/{SBD_ONLY[1]}.xml', f'{SBD_ONLY[1]}.xml'),
        (f'SegmentationClass/{VAL[0]}.png', f'{VAL[0]}.png'),
    ],
)
def test_what_voc_lacks_is_named(archives, tmp_path, without, message):
    tar = write_voc_tar(tmp_path / 'voc.tar', without)
    with pytest.raises(DataError, match=message):
        prepare_voc(tmp_path / 'VOC2012', tar, archives[1])
    assert not (tmp_path / 'VOC2012' / LISTS / 'train_aug.txt').exists()


@pytest.mark.parametrize(
    ('labels', 'message'),
    [
        (None, f'{SBD_ONLY[0]}.mat'),
        (np.zeros((23, 36), np.uint8), r'size \(23, 36\)'),
        (np.full((23, 37), 21, np.uint8), '21'),
    ],
)
def test_what_sbd_lacks_is_named(archives, tmp_path, labels, message):
    tar = write_sbd_tar(tmp_path / 'sbd.tgz', {SBD_ONLY[0]: labels})
    with pytest.raises(DataError, match=message):
        prepare_voc(tmp_path / 'VOC2012', archives[0], tar)


@pytest.mark.parametrize(
    ('kind', 'folder', 'label'),
    [
        ('VOCLabelMapDataset', 'SegmentationClassAug', None),
        ('VOCWeakLabelDataset', 'SegmentationClass', 'dog'),
    ],
)
def test_the_datasets_of_the_configs_load_it(prepared, kind, folder, label):
    dataset = DATASETS.build(
        {
            'type': kind,
            'data_root': str(prepared[0]),
            'ann_file': 'ImageSets/Segmentation/train_aug.txt',
            'data_prefix': {'seg_map_path': folder},
            'pipeline': [],
        }
    )
    assert len(dataset) == 4
    for item in map(dataset.get_data_info, range(4)):
        present = np.flatnonzero(item['img_label'])
        if label is None:  # from the mask
            labels = mask_of(item['img_id'])
            assert present.tolist() == [labels.max() - 1]
        else:
            assert [dataset.class_names[k] for k in present] == [label]


def test_masks_of_other_origin_are_kept_where_equal(
    prepared, archives, tmp_path
):
    root = copy_of(prepared, tmp_path)
    path = root / 'SegmentationClassAug' / f'{SBD_ONLY[0]}.png'
    Image.fromarray(mask_of(SBD_ONLY[0])).save(path)  # grey, without key
    before = path.read_bytes()
    assert prepare_voc(root, *archives).made == 0
    assert path.read_bytes() == before
    Image.fromarray(mask_of(SBD_ONLY[0]) // 2).save(path)
    with pytest.raises(DataError, match=SBD_ONLY[0]):
        prepare_voc(root, *archives)
    path.write_bytes(b'damaged')
    assert prepare_voc(root, *archives).made == 1
    assert tree(root) == tree(prepared[0])


def test_swapped_archives_are_told_apart(archives, tmp_path):
    with pytest.raises(DataError, match=r'val.txt'):
        prepare_voc(tmp_path / 'a', archives[1], archives[0])
    with pytest.raises(DataError, match=r'benchmark\.tgz'):
        prepare_voc(tmp_path / 'b', archives[0], archives[0])


def test_nothing_is_written_outside_of_the_folder(archives, tmp_path):
    with tarfile.open(tmp_path / 'bad.tar', 'w') as archive:
        add(archive, 'VOCdevkit/VOC2012/../../../escaped.txt', b'x')
    with pytest.raises(DataError, match='escaped'):
        prepare_voc(tmp_path / 'a/VOC2012', tmp_path / 'bad.tar', archives[1])
    with tarfile.open(tmp_path / 'bad.tgz', 'w:gz') as archive:
        add(archive, 'benchmark_RELEASE/dataset/train.txt', b'../../escaped')
    with pytest.raises(DataError, match='escaped'):
        prepare_voc(tmp_path / 'b/VOC2012', archives[0], tmp_path / 'bad.tgz')
    assert not list(tmp_path.rglob('escaped*'))


def test_too_small_a_disk_stops_before_the_first_file(
    archives, tmp_path, monkeypatch
):
    free = shutil._ntuple_diskusage(10, 10, 1000)
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: free)
    with pytest.raises(UserError, match=r'1\.0 kB'):
        prepare_voc(tmp_path / 'VOC2012', *archives)
    assert not (tmp_path / 'VOC2012').exists()


def test_mask_is_read_as_written():
    labels = mask_of('2008_000008')
    labels[0, :] = 20
    read = read_sbd_mask(mat_of(labels), 'a.mat')
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, labels)


@pytest.mark.parametrize('value', [21, 255, -1, 0.5])
def test_values_outside_the_classes_are_named(value):
    labels = mask_of('a').astype(np.float64)
    labels[0, 0] = value
    with pytest.raises(DataError, match=rf'x.mat: .* got {value:g}$'):
        read_sbd_mask(mat_of(labels), 'x.mat')


def saved(**variables) -> bytes:
    file = io.BytesIO()
    savemat(file, variables)
    return file.getvalue()


@pytest.mark.parametrize(
    'content',
    [
        saved(other=1),
        saved(GTcls={'Other': np.ones((2, 2))}),
        saved(GTcls=np.ones((2, 2))),
        saved(GTcls={'Segmentation': np.ones((2, 2, 3))}),
        saved(GTcls={'Segmentation': 'text'}),
        mat_of(mask_of('a'))[:200],
        b'',
        b'no matlab ' * 30,
    ],
)
def test_other_content_is_refused_by_name(content):
    with pytest.raises(DataError, match=r'x\.mat'):
        read_sbd_mask(content, 'x.mat')
