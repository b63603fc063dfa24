import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from report_samples import make_outputs, read_planes

from projects.amr.datasets import VOCFolder
from projects.amr.ops.cam import cam_to_label
from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
    load_label_map,
    save_label_map,
)
from projects.amr.structures.label_space import classes_in_mask
from projects.amr.visualization.report.photo_files import grey_layer, map_size
from projects.amr.workflow.labels.doubtful_photos import DoubtSources
from projects.amr.workflow.report import report_images
from projects.amr.workflow.report.photo_outputs import (
    image_iou,
    load_outputs,
    stage_folders,
)
from projects.amr.workflow.report.report_images import (
    gather_photos,
    split_ids,
)

STEPS = (0.0, 0.25, 0.5, 0.75, 0.95)


@pytest.fixture(scope='module')
def roles(toy_root, tmp_path_factory):
    return make_outputs(toy_root, tmp_path_factory.mktemp('chain'))


def folders(roles, *without):
    kept = {k: v for k, v in roles.items() if k not in without}
    return stage_folders(kept)


def truth_of(roles, image_id):
    return load_label_map(f'{roles["masks"]}/{image_id}.png')[0]


def test_image_iou_against_sets_of_pixels():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (9, 11)).astype(np.uint8)
    labels = rng.integers(0, 4, (9, 11)).astype(np.uint8)
    truth[0], labels[1] = 255, 255
    counted = truth != 255
    ratios = []
    for label in range(4):
        ours = {*np.flatnonzero((labels == label) & counted)}
        true = {*np.flatnonzero(truth == label)}
        if ours | true:
            ratios.append(len(ours & true) / len(ours | true))
    assert image_iou(labels, truth) == pytest.approx(100 * np.mean(ratios))


def test_image_iou_of_nothing_is_nan():
    void = np.full((3, 3), 255, np.uint8)
    assert np.isnan(image_iou(np.zeros((3, 3), np.uint8), void))


def test_ids_without_a_split_are_those_of_the_outputs(roles):
    assert split_ids(folders(roles, 'split')) == sorted(
        split_ids(folders(roles))
    )


def gather(roles, folder, bg_thr=0.5):
    faults = []
    found = gather_photos(
        stage_folders(roles), folder / 'photos', STEPS, bg_thr, faults
    )
    return *found, faults


def test_photos_keep_the_order_of_the_list_with_doubt_and_score(
    roles, toy_root, tmp_path
):
    photos, _, note, faults = gather(roles, tmp_path)
    assert [photo.name for photo in photos] == split_ids(folders(roles))
    assert faults == []
    assert note == '8 of 8 photos'
    sources = DoubtSources(
        VOCFolder.open(toy_root, 'train'),
        *(Path(roles[name]) for name in ('labels', 'predictions', 'cams')),
        bg_thr=0.5,
    )
    for photo in photos:
        labels = load_label_map(f'{roles["labels"]}/{photo.name}.png')[0]
        truth = truth_of(roles, photo.name)
        assert photo.score == round(image_iou(labels, truth), 2)
        doubt = sources.doubt(photo.name).doubt
        assert photo.doubt == pytest.approx(doubt, abs=1e-4)
        assert photo.classes == tuple(classes_in_mask(truth) + 1)
    assert photos[0].score > 99
    assert len({photo.score for photo in photos}) > 4


def test_without_pseudo_labels_the_cams_are_scored(roles, tmp_path):
    some = {k: v for k, v in roles.items() if k != 'labels'}
    photos, *_ = gather(some, tmp_path)
    # made from the masks at half the size: better than any cut label
    assert min(photo.score for photo in photos) > 70
    high, *_ = gather(some, tmp_path, 0.95)  # nothing passes: background
    assert max(photo.score for photo in high) < 60
    assert min(photo.doubt for photo in high) > 0.99  # no label has a pixel


@pytest.mark.parametrize(
    ('without', 'scored', 'doubtful'),
    [
        (['masks'], False, True),
        (['labels', 'cams'], False, False),
        (['cams', 'predictions'], True, False),
        (['cams'], True, True),
    ],
)
def test_what_cannot_be_known_is_none(
    roles, without, scored, doubtful, tmp_path
):
    some = {k: v for k, v in roles.items() if k not in without}
    photos, *_ = gather(some, tmp_path)
    assert len(photos) == 8
    for photo in photos:
        assert (photo.score is not None) == scored
        assert (photo.doubt is not None) == doubtful
        assert photo.classes == tuple(
            classes_in_mask(truth_of(roles, photo.name)) + 1
        )


def test_a_long_list_is_taken_at_even_steps(roles, monkeypatch, tmp_path):
    monkeypatch.setattr(report_images, 'MAX_PHOTOS', 3)
    photos, _, note, _ = gather(roles, tmp_path)
    ids = split_ids(folders(roles))
    assert [p.name for p in photos] == [ids[0], ids[4], ids[7]]
    assert note.startswith('3 of 8 photos')


def test_unusable_files_are_told_and_left_out(roles, tmp_path):
    ids = split_ids(folders(roles))
    made = tmp_path / 'made'
    made.mkdir()
    broken = made / f'{ids[0]}.png'
    broken.write_bytes(b'no png')
    save_label_map(made / f'{ids[1]}.png', np.zeros((2, 3), np.uint8))
    save_label_map(made / f'{ids[2]}.png', truth_of(roles, ids[2]))
    some = {**roles, 'labels': str(made)}
    some.pop('cams')
    photos, _, _, faults = gather(some, tmp_path)
    scores = {photo.name: photo.score for photo in photos}
    assert len(scores) == 8
    assert {k for k, v in scores.items() if v is not None} == {ids[2]}
    assert scores[ids[2]] == 100
    assert str(broken) in faults[0]
    assert any(ids[1] in fault and '(2, 3)' in fault for fault in faults[1:])


LAYERS = {
    'weighted CAM': 'cam',
    'spotlight CAM': 'cam',
    'compensation CAM': 'cam',
    'seed': 'labels',
    'boundary': 'grey',
    'pseudo label': 'labels',
    'prediction': 'labels',
    'true mask': 'labels',
}


@pytest.fixture(scope='module')
def image_id(roles):
    return split_ids(folders(roles))[1]


def load(roles, image_id):
    faults = []
    outputs = load_outputs(stage_folders(roles), image_id, faults)
    size = None if outputs.image is None else outputs.image.shape[:2]
    layers = outputs.layers(map_size(size or (9, 9)), STEPS)
    return outputs, {layer.name: layer for layer in layers}, faults


def test_every_stage_has_its_layer_in_order(roles, image_id, tmp_path):
    _, layers, faults = load(roles, image_id)
    assert {name: layer.kind for name, layer in layers.items()} == LAYERS
    assert list(layers) == list(LAYERS)
    assert faults == []
    photos, kinds, *_ = gather(roles, tmp_path)
    assert kinds == LAYERS
    photo = photos[1]
    assert photo.layers == tuple(LAYERS)
    planes = b''.join(layer.planes.tobytes() for layer in layers.values())
    assert read_planes(tmp_path / photo.maps) == planes
    picture = cv2.imread(str(tmp_path / photo.picture)).astype(int)
    image = cv2.imread(f'{roles["images"]}/{image_id}.jpg')
    assert np.abs(picture - image).mean() < 15


def test_layers_are_those_of_the_files(roles, image_id):
    outputs, layers, _ = load(roles, image_id)
    image = cv2.imread(f'{roles["images"]}/{image_id}.jpg')
    np.testing.assert_array_equal(outputs.image, image)
    size = map_size(image.shape[:2])
    assert size == image.shape[:2]  # small: labels stay as they are
    for role, name in (
        ('seeds', 'seed'),
        ('labels', 'pseudo label'),
        ('predictions', 'prediction'),
        ('masks', 'true mask'),
    ):
        labels, _ = load_label_map(f'{roles[role]}/{image_id}.png')
        np.testing.assert_array_equal(layers[name].planes[0], labels)
    record = CAMRecord.load(f'{roles["cams"]}/{image_id}.npz')
    level, winner = layers['weighted CAM'].planes
    want = cam_to_label(
        torch.from_numpy(record.cam),
        torch.from_numpy(record.classes),
        size,
        STEPS[2],
    )
    np.testing.assert_array_equal(np.where(level > 2, winner, 0), want)
    assert (want > 0).any()
    boundary, _ = load_boundary_map(f'{roles["boundaries"]}/{image_id}.npz')
    np.testing.assert_array_equal(
        layers['boundary'].planes, grey_layer('', boundary, size).planes
    )


def test_plain_cam_has_one_map(roles, image_id, tmp_path):
    record = CAMRecord.load(f'{roles["cams"]}/{image_id}.npz')
    CAMRecord(record.classes, record.cam, record.size).save(
        tmp_path / f'{image_id}.npz'
    )
    _, layers, _ = load({**roles, 'cams': str(tmp_path)}, image_id)
    assert list(layers)[:2] == ['CAM', 'seed']


@pytest.mark.parametrize(
    ('role', 'gone'),
    [
        ('cams', {name for name in LAYERS if 'CAM' in name}),
        ('seeds', {'seed'}),
        ('boundaries', {'boundary'}),
        ('labels', {'pseudo label'}),
        ('predictions', {'prediction'}),
        ('masks', {'true mask'}),
        ('images', set()),
    ],
)
@pytest.mark.parametrize('how', ['no role', 'no folder', 'no file'])
def test_what_is_absent_is_not_shown(
    roles, image_id, role, gone, how, tmp_path
):
    changed = {
        'no role': {k: v for k, v in roles.items() if k != role},
        'no folder': {**roles, role: str(tmp_path / 'nowhere')},
        'no file': {**roles, role: str(tmp_path)},
    }[how]
    outputs, layers, faults = load(changed, image_id)
    assert set(layers) == set(LAYERS) - gone
    assert (outputs.image is None) == (role == 'images')
    assert bool(faults) == (role == 'images' and how == 'no file')


@pytest.mark.parametrize('role', ['cams', 'seeds', 'boundaries', 'masks'])
def test_damaged_files_are_named(roles, image_id, role, tmp_path):
    source = next(Path(roles[role]).glob(f'{image_id}.*'))
    damaged = tmp_path / source.name
    shutil.copy(source, damaged)
    damaged.write_bytes(damaged.read_bytes()[:40])
    outputs, _, faults = load({**roles, role: str(tmp_path)}, image_id)
    assert len(faults) == 1
    assert str(damaged) in faults[0]
    assert outputs.image is not None
