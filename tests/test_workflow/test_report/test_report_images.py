import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from report_samples import make_outputs

from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
    load_label_map,
    save_label_map,
)
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.visualization.stage_pictures import (
    boundary_picture,
    cam_picture,
)
from projects.amr.workflow.report import report_images
from projects.amr.workflow.report.report_images import (
    choose_images,
    image_iou,
    load_panels,
    pick,
    split_ids,
    stage_folders,
)


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


@pytest.mark.parametrize('count', [1, 2, 3, 5])
@pytest.mark.parametrize('length', range(14))
def test_pick_takes_nothing_twice_and_keeps_the_order(length, count):
    order = list(range(length))
    start, middle, end = pick(order, count)
    taken = [*start, *middle, *end]
    assert taken == sorted(set(taken))
    assert len(taken) == min(length, 3 * max(min(count, length // 3), 1))
    if length:
        assert start[0] == 0
    if length > 1:
        assert end[-1] == length - 1
    if length > 2:
        centre = (length - 1) / 2
        assert abs(np.mean(middle) - centre) <= 1


def test_images_are_ranked_by_their_pseudo_labels(roles):
    faults = []
    choice = choose_images(folders(roles), None, faults)
    ids = split_ids(folders(roles))
    for image_id in ids:
        labels = load_label_map(f'{roles["labels"]}/{image_id}.png')[0]
        want = image_iou(labels, truth_of(roles, image_id))
        assert choice.scores[image_id] == want
    best_first = sorted(ids, key=lambda i: (-choice.scores[i], i))
    groups = choice.groups
    assert list(groups) == ['Best', 'Median', 'Worst']
    assert groups['Best'] == best_first[:2]
    assert groups['Worst'] == best_first[-2:]
    assert choice.scores[groups['Best'][0]] > 99
    assert 'pseudo label' in choice.note
    assert f'{len(ids)} of {len(ids)}' in choice.note
    assert faults == []


def test_without_pseudo_labels_the_cams_rank_at_their_threshold(roles):
    choice = choose_images(folders(roles, 'labels'), 0.5, [])
    assert 'CAM at threshold 0.50' in choice.note
    assert len(choice.scores) == 8
    # made from the masks at half the size: better than any cut label
    assert min(choice.scores.values()) > 70
    high = choose_images(folders(roles, 'labels'), 0.95, [])
    assert max(high.scores.values()) < 60  # nothing passes: background only


@pytest.mark.parametrize(
    ('without', 'bg_thr'),
    [(['masks'], 0.5), (['labels', 'cams'], 0.5), (['labels'], None)],
)
def test_without_a_ranking_names_decide_and_it_says_so(roles, without, bg_thr):
    some = folders(roles, *without)
    choice = choose_images(some, bg_thr, [])
    assert choice.scores == {}
    assert list(choice.groups) == ['First', 'Middle', 'Last']
    ids = sorted(split_ids(some))
    assert choice.groups['First'] == ids[:2]
    assert choice.groups['Last'] == ids[-2:]
    assert 'by name' in choice.note


def test_no_roles_no_images():
    choice = choose_images(stage_folders({}), 0.5, [])
    assert not any(choice.groups.values())


def test_ids_without_a_split_are_those_of_the_outputs(roles):
    assert split_ids(folders(roles, 'split')) == sorted(
        split_ids(folders(roles))
    )


def test_a_long_list_is_ranked_at_even_steps(roles, monkeypatch):
    monkeypatch.setattr(report_images, 'MAX_RANKED', 3)
    choice = choose_images(folders(roles), None, [])
    ids = split_ids(folders(roles))
    assert set(choice.scores) == {ids[0], ids[4], ids[7]}
    assert '3 of 8 images' in choice.note


def test_unusable_files_are_told_and_left_out(roles, tmp_path):
    ids = split_ids(folders(roles))
    broken = tmp_path / f'{ids[0]}.png'
    broken.write_bytes(b'no png')
    save_label_map(tmp_path / f'{ids[1]}.png', np.zeros((2, 3), np.uint8))
    truth = truth_of(roles, ids[2])
    save_label_map(tmp_path / f'{ids[2]}.png', truth)
    faults = []
    some = folders({**roles, 'labels': str(tmp_path)})
    choice = choose_images(some, None, faults)
    assert choice.scores == {ids[2]: 100.0}
    assert len(faults) == 2
    assert str(broken) in faults[0]
    assert ids[1] in faults[1]
    assert '(2, 3)' in faults[1]


CAPTIONS = [
    'image',
    'spotlight',
    'compensation',
    'weighted CAM',
    'seed',
    'boundary',
    'pseudo label',
    'prediction',
    'truth',
]


@pytest.fixture(scope='module')
def image_id(roles):
    return split_ids(folders(roles))[1]


def load(roles, image_id):
    faults = []
    panels, labels = load_panels(stage_folders(roles), image_id, faults)
    return {panel.caption: panel for panel in panels}, labels, faults


def test_every_stage_has_its_picture_in_order(roles, image_id):
    panels, _, faults = load(roles, image_id)
    assert list(panels) == CAPTIONS
    assert faults == []
    sizes = {panel.picture.shape for panel in panels.values()}
    assert len(sizes) == 1


def test_pictures_are_those_of_the_files(roles, image_id):
    panels, labels, _ = load(roles, image_id)
    image = cv2.imread(f'{roles["images"]}/{image_id}.jpg')
    np.testing.assert_array_equal(panels['image'].picture, image)
    record = CAMRecord.load(f'{roles["cams"]}/{image_id}.npz')
    np.testing.assert_array_equal(
        panels['weighted CAM'].picture, cam_picture(image, record.cam)
    )
    boundary, _ = load_boundary_map(f'{roles["boundaries"]}/{image_id}.npz')
    np.testing.assert_array_equal(
        panels['boundary'].picture,
        boundary_picture(boundary, image.shape[:2]),
    )
    truth, _ = load_label_map(f'{roles["masks"]}/{image_id}.png')
    painted = panels['truth'].picture
    assert (painted[truth == 255] == 255).all()
    for label in set(np.unique(truth)) - {255}:
        want = voc_palette()[label][::-1]
        assert (painted[truth == label] == want).all()
    assert labels == set(np.unique(truth).tolist())
    flat = {name for name, panel in panels.items() if panel.flat}
    assert flat == {'seed', 'pseudo label', 'prediction', 'truth'}


def test_plain_cam_has_one_map(roles, image_id, tmp_path):
    record = CAMRecord.load(f'{roles["cams"]}/{image_id}.npz')
    CAMRecord(record.classes, record.cam, record.size).save(
        tmp_path / f'{image_id}.npz'
    )
    panels, _, _ = load({**roles, 'cams': str(tmp_path)}, image_id)
    assert list(panels)[:3] == ['image', 'CAM', 'seed']


@pytest.mark.parametrize(
    ('role', 'gone'),
    [
        ('cams', {'spotlight', 'compensation', 'weighted CAM'}),
        ('seeds', {'seed'}),
        ('boundaries', {'boundary'}),
        ('labels', {'pseudo label'}),
        ('predictions', {'prediction'}),
        ('masks', {'truth'}),
        ('images', set(CAPTIONS)),
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
    panels, _, faults = load(changed, image_id)
    assert set(panels) == set(CAPTIONS) - gone
    assert bool(faults) == (role == 'images' and how == 'no file')


@pytest.mark.parametrize('role', ['cams', 'seeds', 'boundaries', 'masks'])
def test_damaged_files_are_named(roles, image_id, role, tmp_path):
    source = next(Path(roles[role]).glob(f'{image_id}.*'))
    damaged = tmp_path / source.name
    shutil.copy(source, damaged)
    damaged.write_bytes(damaged.read_bytes()[:40])
    panels, _, faults = load({**roles, role: str(tmp_path)}, image_id)
    assert len(faults) == 1
    assert str(damaged) in faults[0]
    assert 'image' in panels
