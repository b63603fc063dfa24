import shutil

import numpy as np
import pytest
from mmseg.registry import DATASETS
from PIL import Image

from projects.amr.datasets.toy_voc import class_names
from projects.amr.errors import DataError
from projects.amr.structures.label_space import classes_in_mask

META = {'classes': ('background', *class_names(4))}
FOLDER = 'ImageSets/Segmentation'


def build(root, **changes):
    config = {
        'type': 'VOCWeakLabelDataset',
        'data_root': str(root),
        'ann_file': f'{FOLDER}/train_aug.txt',
        'metainfo': META,
    }
    return DATASETS.build({**config, **changes})


@pytest.fixture
def copy(toy_root, tmp_path):
    return shutil.copytree(toy_root, tmp_path / 'VOC2012')


def test_labels_of_all_three_sources_agree(copy):
    from_xml = build(copy)
    from_mask = build(copy, label_source='mask')
    names = np.array(from_xml.class_names)
    rows = ['image,labels']
    rows += [
        f'{item["img_id"]}.jpg,{";".join(names[item["img_label"] > 0])}'
        for item in from_xml
    ]
    (copy / 'labels.csv').write_text('\n'.join(rows))
    from_file = build(copy, label_source='file', label_file='labels.csv')
    assert len(from_xml) == 8
    for a, b, c in zip(from_xml, from_mask, from_file, strict=True):
        assert a['img_id'] == b['img_id'] == c['img_id']
        np.testing.assert_array_equal(a['img_label'], b['img_label'])
        np.testing.assert_array_equal(a['img_label'], c['img_label'])


def test_every_missing_file_is_counted_before_anything_runs(copy):
    images = sorted((copy / 'JPEGImages').glob('toy_train*'))
    images[0].unlink()
    (copy / 'Annotations' / f'{images[1].stem}.xml').unlink()
    with pytest.raises(DataError) as error:
        build(copy)
    text = str(error.value)
    assert '2 of 8' in text
    assert images[0].name in text
    assert f'{images[1].stem}.xml' in text


@pytest.mark.parametrize(
    ('changes', 'count'),
    [
        ({}, 7),
        ({'test_mode': True}, 8),
        ({'no_label': 'keep'}, 8),
        ({'no_label': 'drop', 'test_mode': True}, 7),
        ({'no_label': 'error'}, None),
    ],
)
def test_images_without_labels(copy, changes, count):
    path = min((copy / 'Annotations').glob('toy_train*'))
    path.write_text('<annotation></annotation>')
    if count is None:
        with pytest.raises(DataError, match=rf'(?s){path.stem}.*no_label'):
            build(copy, **changes)
    else:
        assert len(build(copy, **changes)) == count


def test_difficult_only_class_is_a_matter_of_the_rule(copy):
    path = min((copy / 'Annotations').glob('toy_train*'))
    path.write_text(
        '<a><object><name>alvo</name></object><object><name>dexa</name>'
        '<difficult>1</difficult></object></a>'
    )
    assert build(copy)[0]['img_label'].tolist() == [1, 0, 0, 1]
    without = build(copy, include_difficult=False)
    assert without[0]['img_label'].tolist() == [1, 0, 0, 0]


def test_bad_options_are_named(copy):
    for changes, name in [
        ({'label_source': 'txt'}, 'label_source'),
        ({'label_source': 'file'}, 'label_file'),
        ({'label_file': 'a.csv'}, 'label_file'),
        ({'no_label': 'x'}, 'no_label'),
    ]:
        with pytest.raises(ValueError, match=name):
            build(copy, **changes)
    (copy / 'labels.csv').write_text('image,labels\nx,alvo\n')
    with pytest.raises(DataError, match='no row for'):
        build(copy, label_source='file', label_file='labels.csv')


def test_real_voc_annotations_match_the_masks(voc_sample):
    dataset = DATASETS.build(
        {
            'type': 'VOCWeakLabelDataset',
            'data_root': str(voc_sample),
            'ann_file': f'{FOLDER}/trainval.txt',
        }
    )
    assert len(dataset) == 40
    assert len(dataset.class_names) == 20
    for item in dataset:
        mask = np.asarray(Image.open(item['seg_map_path']))
        in_mask = set(classes_in_mask(mask).tolist())
        assert in_mask <= set(item['img_label'].nonzero()[0].tolist())
