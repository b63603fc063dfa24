"""Rows 12 to 22 of the table of faults, on files."""

import re

import numpy as np
import pytest
from damaged_voc import (
    SIZE,
    annotate,
    mask,
    photo,
    save_mask,
    sound_root,
    split,
)
from mmseg.registry import TRANSFORMS
from PIL import Image

from projects.amr.errors import DataError
from projects.amr.workflow.preflight.check import check_splits
from projects.amr.workflow.preflight.splits import folder_splits

TURN = 0x0112  # EXIF orientation


@pytest.fixture
def root(tmp_path):
    """Four sound images in VOC's folders."""
    return sound_root(tmp_path / 'VOC2012')


@pytest.fixture
def check(root):
    """Check lists of the folder, by default all images as training."""

    def _check(train='train', allow_overlap=False, **options):
        lists = {'train': train, 'val': options.pop('val', None)}
        splits = folder_splits(root, lists, **options)
        return check_splits(splits, 0, allow_overlap)

    return _check


def only_fault(report) -> str:
    """The one fault of a report."""
    faults = report.faults()
    assert len(faults) == 1, faults
    return faults[0]


def test_a_sound_folder_has_no_fault(check):
    report = check(val='val')
    assert report.faults() == []
    report.require_sound()
    content = report.content()
    assert content['images'] == 4
    assert content['lists']['train']['without_mask'] == 1
    assert content['lists']['train']['per_class']['dog'] == 3


@pytest.mark.parametrize('damage', ['empty', 'text', 'cut', 'folder'])
def test_fault12_files_that_are_no_images(root, check, damage):
    path = root / 'JPEGImages/b.jpg'
    data = path.read_bytes()
    path.unlink()
    if damage == 'folder':
        path.mkdir()
    else:
        content = {'empty': b'', 'text': b'no image', 'cut': data[:-400]}
        path.write_bytes(content[damage])
    report = check()
    assert re.search(r'train\.txt:2: .*b\.jpg', only_fault(report))
    assert report.splits[0].good == ['a', 'c']


def test_fault12_the_scan_goes_through_and_counts(root, check):
    for number in range(25):
        path = root / f'JPEGImages/bad{number}.png'
        path.write_bytes(b'x')
        annotate(root, path.stem, ('dog', 0))
    bad = ''.join(f'bad{n}\n' for n in range(25))
    split(root, 'train', f'a\n{bad}b\n')
    with pytest.raises(DataError) as error:
        check().require_sound()
    text = str(error.value)
    assert text.count('is not a readable image') == 10
    assert '25 in all' in text
    assert error.value.exit_code == 3


def test_fault13_conversions_are_counted_by_rule(root, check):
    folder = root / 'JPEGImages'
    photo().convert('CMYK').save(folder / 'cmyk.jpg')
    photo().convert('L').save(folder / 'grey.png')
    Image.fromarray(np.full((9, 7), 40000, np.uint16)).save(folder / 'u16.png')
    photo().convert('RGBA').save(folder / 'alpha.png')
    photo().convert('P').save(folder / 'palette.png')
    exif = Image.Exif()
    exif[TURN] = 6
    photo().save(folder / 'turned.jpg', exif=exif)
    names = ['cmyk', 'grey', 'u16', 'alpha', 'palette', 'turned', 'a']
    for name in names:
        annotate(root, name, ('dog', 0))
    split(root, 'train', '\n'.join(names))
    report = check()
    assert report.faults() == []
    assert report.splits[0].converted == {
        'CMYK': 1,
        'grey': 2,
        '16 bits': 1,
        'alpha': 1,
        'palette': 1,
        'turned': 1,
    }


def test_fault13_mask_of_a_turned_image(root, check):
    exif = Image.Exif()
    exif[TURN] = 8
    photo().save(root / 'JPEGImages/a.jpg', exif=exif)
    fault = only_fault(check())
    assert re.search(r'a\.png: mask of size \(23, 37\).*\(37, 23\)', fault)
    assert 'EXIF' in fault


def test_fault14_what_is_tolerated_is_noted(root, check):
    split(root, 'train', '\ufeffa\r\n\r\n  b.jpg \r\nc\r\n'.encode())
    report = check()
    assert report.faults() == []
    assert report.splits[0].good == ['a', 'b', 'c']
    assert report.splits[0].notes == {
        'byte order mark': 1,
        'Windows line ends': 4,
        'blank lines': 1,
        'spaces around an id': 1,
        'image suffixes': 1,
    }


def test_fault14_missing_and_doubled_ids_have_their_lines(root, check):
    split(root, 'train', 'a\nnone\nb\na\n')
    report = check()
    faults = report.faults()
    assert [re.search(r'train\.txt:(\d+)', f).group(1) for f in faults] == [
        '1',
        '4',
        '2',
        '2',
    ]
    assert "'a' occurs 2 times" in faults[0]
    assert 'image not found' in faults[2]
    assert report.splits[0].good == ['a', 'b']


@pytest.mark.parametrize(
    'bad', ['../../etc/passwd', '/abs/x', 'link/x', 'a\\b', 'x' * 300]
)
def test_fault15_ids_that_lead_out_are_refused(root, check, bad):
    (root / 'JPEGImages/link').symlink_to('/etc')
    split(root, 'train', f'a\n{bad}\n')
    fault = only_fault(check())
    assert 'train.txt:2: ' in fault


def test_fault16_overlap_of_training_and_validation(root, check):
    split(root, 'val', 'd\nb\na\n')
    fault = only_fault(check(val='val'))
    assert re.search(r'train\.txt shares 2 images with .*val\.txt', fault)
    assert 'a, b' in fault
    report = check(val='val', allow_overlap=True)
    report.require_sound()
    assert report.content()['overlap'] == {'train|val': 2}
    assert report.content()['allow_overlap'] is True
    assert any('--allow-overlap' in line for line in report.lines())


def test_fault16_is_not_mended_by_skipping(root, check):
    split(root, 'val', 'a\n')
    with pytest.raises(DataError, match='shares 1 images'):
        check(val='val').require_sound(skip_bad=True)


def test_fault17_images_without_labels_are_counted(root, check):
    annotate(root, 'b')
    report = check()
    assert report.faults() == []
    assert report.content()['lists']['train']['unlabelled'] == 1


@pytest.mark.parametrize(
    ('name', 'near'),
    [('Dog', 'dog'), ('diningtable', 'dining table'), ('kat', 'cat')],
)
def test_fault18_unknown_classes_name_the_nearest(root, check, name, near):
    path = annotate(root, 'c', ('dog', 0), (name, 0))
    fault = only_fault(check())
    assert f'{path}: unknown class {name!r}' in fault
    assert f'did you mean {near!r}' in fault


@pytest.mark.parametrize(
    ('text', 'rule'),
    [
        ('image,dog,cat\na,1,0\nb,1,0\nc,1,0\n', 'there must be 3'),
        ('image,dog,cat,dining table\na,1,0\n', r':2: 3 columns'),
        ('image,dog,cat,dining table\na,1,nan,0\n', "'cat' must hold 0 or 1"),
        ('image,dog,cat,dining table\na,2,0,0\n', "'dog' must hold 0 or 1"),
    ],
)
def test_fault19_label_vectors(root, check, text, rule):
    (root / 'own.csv').write_text(text)
    fault = only_fault(check(label_file='own.csv'))
    assert re.search(rf'own\.csv.*{rule}', fault)


def test_fault19_rows_of_a_label_file(root, check):
    (root / 'own.csv').write_text('image,labels\na,dog\na,cat\nc,dgo\n')
    faults = check(label_file='own.csv').faults()
    assert len(faults) == 3
    assert 'own.csv:2, ' in faults[0]
    assert "'a' occurs twice" in faults[0]
    assert "has no row for 'b'" in faults[1]
    assert "own.csv:4: unknown class 'dgo'" in faults[2]


def test_fault20_difficult_objects_are_counted(root, check):
    annotate(root, 'a', ('dog', 1), ('cat', 1))
    annotate(root, 'b', ('dog', 0), ('cat', 1))
    content = check().content()['lists']['train']
    assert content['difficult_only_images'] == 1
    assert content['difficult_only_labels'] == 3
    assert content['unlabelled'] == 0
    assert content['per_class'] == {'dog': 3, 'cat': 2, 'dining table': 0}


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x0 "ha">'
    + ''.join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))
    + ']><annotation><object><name>&x9;</name></object></annotation>'
)


@pytest.mark.parametrize('kind', ['bomb', 'external', 'parameter', 'large'])
def test_fault21_hostile_xml_is_refused(root, check, kind, tmp_path):
    secret = tmp_path / 'secret'
    secret.write_text('dog')
    external = (
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]>'
        '<annotation><object><name>&x;</name></object></annotation>'
    )
    parameter = (
        f'<!DOCTYPE a [<!ENTITY % x SYSTEM "file://{secret}"> %x;]>'
        '<annotation><object><name>dog</name></object></annotation>'
    )
    large = '<annotation>' + ' ' * 10_000_001 + '</annotation>'
    text = {
        'bomb': BOMB,
        'external': external,
        'parameter': parameter,
        'large': large,
    }
    (root / 'Annotations/b.xml').write_text(text[kind])
    fault = only_fault(check())
    assert 'b.xml' in fault
    assert 'train.txt:2: ' in fault


def test_fault22_values_histogram_and_size(root, check):
    save_mask(root, 'a', mask(values=(0, 3, 4, 7, 7, 255)))
    save_mask(root, 'b', mask(size=(23, 36)))
    faults = check().faults()
    assert len(faults) == 2
    assert re.search(r'a\.png: .*0\.\.3 or 255, got \{4: 1, 7: 2\}', faults[0])
    assert re.search(r'b\.png: .*\(23, 36\).*\(23, 37\)', faults[1])


@pytest.mark.parametrize('mode', ['RGB', 'I;16', 'LA'])
def test_fault22_masks_of_another_kind(root, check, mode):
    path = root / 'SegmentationClass/a.png'
    if mode == 'I;16':
        Image.fromarray(np.ones((23, 37), np.uint16)).save(path)
    else:
        Image.fromarray(mask()).convert(mode).save(path)
    assert re.search(r'a\.png must hold label values', only_fault(check()))


@pytest.mark.parametrize('kind', ['LoadLabelMap', 'LoadMaskIfPresent'])
def test_fault22_masks_are_refused_as_they_are_loaded(root, kind):
    load = TRANSFORMS.build({'type': kind})

    def message(image_id):
        path = str(root / f'SegmentationClass/{image_id}.png')
        with pytest.raises(DataError) as error:
            load({'seg_map_path': path, 'ori_shape': SIZE})
        return str(error.value)

    path = save_mask(root, 'a', mask(size=(23, 36)))
    assert re.search(r'a\.png: .*\(23, 36\).*\(23, 37\)', message('a'))
    photo().save(path)
    assert re.search(r'a\.png must hold label values', message('a'))
    path.write_bytes(b'')
    assert re.search(r'a\.png is not a readable PNG', message('a'))
    if kind == 'LoadLabelMap':
        assert 'label map not found' in message('none')


def test_workers_find_the_same(root):
    (root / 'JPEGImages/b.jpg').write_bytes(b'')
    split(root, 'train', 'a\nb\nnone\n')
    splits = folder_splits(root, {'train': 'train', 'val': 'val'})
    one, two = (check_splits(splits, workers).content() for workers in (0, 1))
    assert one == two
    assert one['bad_images'] == 2
