import csv

import numpy as np
import pytest
from cam_files import write_cam_files
from sklearn.metrics import accuracy_score

from projects.amr.datasets import VOCFolder
from projects.amr.evaluation.doubt import disagreement, missing_labels
from projects.amr.structures import (
    CAMRecord,
    load_label_map,
    save_label_map,
)
from projects.amr.structures.label_space import classes_in_mask


def test_disagreement_is_one_minus_the_accuracy_of_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(5):
        first, second = rng.choice([0, 1, 2, 255], (2, 17, 23))
        known = (first != 255) & (second != 255)
        accuracy = accuracy_score(first[known], second[known])
        assert disagreement(first, second) == pytest.approx(1 - accuracy)
        assert disagreement(first, second) == disagreement(second, first)
        assert disagreement(first, first) == 0
    empty = np.zeros((3, 4), int)
    assert disagreement(empty, empty + 1) == 1
    assert disagreement(empty, empty + 255) == 0
    assert missing_labels(empty + 2, [1]) == 0
    assert missing_labels(empty, [0, 1]) == 1
    with pytest.raises(ValueError, match=r'\(3, 4\)'):
        disagreement(empty, empty.T)


def test_damaged_photos_come_first(toy_root, tmp_path, output_of):
    """Masks as pseudo labels; a segmentor and CAMs that err in one photo."""
    folder = VOCFolder.open(toy_root, 'train')
    write_cam_files(toy_root, tmp_path)
    bad, lost = folder.ids[1], folder.ids[2]
    for name in ('pseudo', 'pred'):
        (tmp_path / name).mkdir()
    for image_id in folder.ids:
        labels, _ = load_label_map(folder.mask_path(image_id))
        path = tmp_path / 'cams' / f'{image_id}.npz'
        record = CAMRecord.load(path)
        cams = dict.fromkeys(('spotlight', 'compensation'), record.cam)
        if image_id == bad:
            cams['spotlight'] = record.cam[:, ::-1]
        CAMRecord(record.classes, record.cam, record.size, cams).save(path)
        if image_id == lost:
            labels = np.zeros_like(labels)
            assert len(
                classes_in_mask(load_label_map(folder.mask_path(image_id))[0])
            )
        save_label_map(tmp_path / 'pseudo' / f'{image_id}.png', labels)
        if image_id == bad:
            labels = labels[::-1, ::-1].copy()
        save_label_map(tmp_path / 'pred' / f'{image_id}.png', labels)
    words = (
        *('rank_doubt', 'pseudo', 'out', '--pred-dir', 'pred'),
        *('--cam-dir', 'cams', '--data-root', toy_root, '--pictures', 2),
    )
    output_of(*words)
    with (tmp_path / 'out' / 'doubt.csv').open() as file:
        rows = {row['image']: row for row in csv.DictReader(file)}
    assert set(rows) == set(folder.ids)
    assert set(list(rows)[:2]) == {bad, lost}
    assert float(rows[bad]['segmentor']) > 0
    assert float(rows[bad]['branches']) > 0
    assert float(rows[lost]['missing']) == 1
    for image_id in set(folder.ids) - {bad, lost}:
        assert float(rows[image_id]['doubt']) == 0
    pictures = sorted(p.name for p in (tmp_path / 'out/pictures').iterdir())
    assert [name[5:-4] for name in pictures] == list(rows)[:2]

    (tmp_path / 'pred' / f'{bad}.png').unlink()
    assert bad in output_of(*words, code=3)
    output_of(*words[:3], *words[-4:-2], code=2)
    output_of(*words, '--bg-thr', '7', code=2)
