import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from projects.amr.datasets import VOCFolder
from projects.amr.errors import DataError, UserError
from projects.amr.structures import load_label_map, save_label_map
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.workflow.export.voc_submission import (
    FOLDER,
    write_submission,
)


@pytest.fixture
def split(toy_root):
    return VOCFolder.open(toy_root, 'val')


@pytest.fixture
def predictions(split, tmp_path):
    """The masks without 255, with a key in each file."""
    folder = tmp_path / 'labels'
    folder.mkdir()
    for image_id in split.ids:
        mask, _ = load_label_map(split.mask_path(image_id))
        mask[mask == 255] = 0
        save_label_map(folder / f'{image_id}.png', mask, key='k')
    return folder


def test_archive_has_the_server_s_layout_and_palette(
    split, predictions, tmp_path
):
    target = tmp_path / 'out.tar.gz'
    assert write_submission(split, predictions, target) == len(split.ids)
    with tarfile.open(target, 'r:gz') as archive:
        assert archive.getnames() == sorted(
            f'results/VOC2012/Segmentation/comp6_test_cls/{i}.png'
            for i in split.ids
        )
        for image_id in split.ids:
            data = archive.extractfile(f'{FOLDER}/{image_id}.png').read()
            image = Image.open(io.BytesIO(data))
            assert image.mode == 'P'
            assert image.getpalette() == voc_palette().ravel().tolist()
            assert not image.text
            labels, _ = load_label_map(predictions / f'{image_id}.png')
            np.testing.assert_array_equal(np.asarray(image), labels)


def test_same_predictions_same_bytes(split, predictions, tmp_path):
    targets = [tmp_path / 'a.tar.gz', tmp_path / 'b' / 'c.tar.gz']
    targets[1].parent.mkdir()
    write_submission(split, predictions, targets[0])
    for path in predictions.glob('*.png'):
        labels, _ = load_label_map(path)
        Image.fromarray(labels).save(path)  # grey, other times, no key
    write_submission(split, predictions, targets[1])
    assert targets[0].read_bytes() == targets[1].read_bytes()


@pytest.mark.parametrize(
    ('damage', 'words'),
    [
        (lambda p, x: p.unlink(), 'no label map at'),
        (lambda p, x: p.write_bytes(b''), 'not a readable PNG'),
        (lambda p, x: save_label_map(p, x[1:]), 'its image is'),
        (
            lambda p, x: save_label_map(
                p, np.where(x == 0, 255, x).astype('u1')
            ),
            r'without 255, got \{255: \d+\}',
        ),
        (
            lambda p, x: save_label_map(
                p, np.where(x == 0, 5, x).astype('u1')
            ),
            r'0\.\.4.*got \{5: \d+\}',
        ),
    ],
)
def test_what_the_server_refuses_is_named(
    split, predictions, tmp_path, damage, words
):
    for image_id in split.ids[1:3]:
        path = predictions / f'{image_id}.png'
        damage(path, load_label_map(path)[0])
    with pytest.raises(DataError, match=words) as error:
        write_submission(split, predictions, tmp_path / 'x.tar.gz')
    text = str(error.value)
    assert f'2 of {len(split.ids)} predictions' in text
    for image_id in split.ids[1:3]:
        assert image_id in text
    assert split.ids[0] not in text
    assert not (tmp_path / 'x.tar.gz').exists()


def test_bad_targets_are_named(split, predictions, tmp_path):
    with pytest.raises(UserError, match=r'\.tar\.gz'):
        write_submission(split, predictions, tmp_path / 'x.zip')
    with pytest.raises(UserError, match='gone'):
        write_submission(split, predictions, tmp_path / 'gone' / 'x.tar.gz')
