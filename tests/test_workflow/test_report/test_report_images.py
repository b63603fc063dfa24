import numpy as np
import pytest
from report_samples import make_outputs

from projects.amr.structures import load_label_map, save_label_map
from projects.amr.workflow.report import report_images
from projects.amr.workflow.report.report_images import (
    StageFolders,
    choose_images,
    image_iou,
    pick,
)


@pytest.fixture(scope='module')
def roles(toy_root, tmp_path_factory):
    return make_outputs(toy_root, tmp_path_factory.mktemp('chain'))


def folders(roles, *without):
    kept = {k: v for k, v in roles.items() if k not in without}
    return StageFolders.from_roles(kept)


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
    ids = folders(roles).ids()
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
    ids = sorted(some.ids())
    assert choice.groups['First'] == ids[:2]
    assert choice.groups['Last'] == ids[-2:]
    assert 'by name' in choice.note


def test_no_roles_no_images():
    choice = choose_images(StageFolders.from_roles({}), 0.5, [])
    assert not any(choice.groups.values())


def test_ids_without_a_split_are_those_of_the_outputs(roles):
    assert folders(roles, 'split').ids() == sorted(folders(roles).ids())


def test_a_long_list_is_ranked_at_even_steps(roles, monkeypatch):
    monkeypatch.setattr(report_images, 'MAX_RANKED', 3)
    choice = choose_images(folders(roles), None, [])
    ids = folders(roles).ids()
    assert set(choice.scores) == {ids[0], ids[4], ids[7]}
    assert '3 of 8 images' in choice.note


def test_unusable_files_are_told_and_left_out(roles, tmp_path):
    ids = folders(roles).ids()
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
