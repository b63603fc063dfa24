"""Seeds and pseudo labels with saliency, as a user makes them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from cam_files import write_cam_files, write_label_config

from projects.amr.datasets import VOCFolder
from projects.amr.ops.cam import resize_cam
from projects.amr.ops.pseudo_label import walk_to_scores
from projects.amr.ops.saliency import (
    drs_labels,
    mask_non_salient,
    oaa_labels,
    potential_objects,
)
from projects.amr.ops.seeds import confident_seed
from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
    load_label_map,
    save_label_map,
)
from projects.amr.workflow.ablation.grid import SUMMARY

CONFIGS = Path(__file__).parents[2] / 'configs'
TRAIN = 'ImageSets/Segmentation/train.txt'


@pytest.fixture
def folder(toy_root, tmp_path):
    """Records from noisy masks, boundary and saliency maps of the toy set."""
    write_cam_files(toy_root, tmp_path)
    (tmp_path / 'saliency').mkdir()
    split = VOCFolder.open(toy_root, 'train')
    for item in split.ids:
        mask, _ = load_label_map(split.mask_path(item))
        grey = cv2.blur(np.uint8(255 * (mask > 0)), (9, 9))
        cv2.imwrite(str(tmp_path / f'saliency/{item}.png'), grey)
    return tmp_path


@pytest.fixture
def make(output_of, folder, toy_root):
    """Run a tool with a transform; what it printed."""

    def _make(name, code=0, **transform):
        path = folder / 'labels.py'
        write_label_config(path, toy_root, folder, **transform)
        given = [path, '--work-dir', '.', '--out', 'out']
        return output_of(name, *given, code=code)

    return _make


def read(folder, item):
    """What the rules take: saliency, record, boundaries."""
    path = folder / f'saliency/{item}.png'
    grey = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    record = CAMRecord.load(folder / f'cams/{item}.npz')
    boundary, _ = load_boundary_map(folder / f'boundaries/{item}.npz')
    return np.float32(grey / 255), record, boundary


def tensor(values):
    return torch.from_numpy(np.array(values))


def with_potential_objects(saliency, cam, classes):
    labels = oaa_labels(saliency, cam, classes)
    return potential_objects(labels, cam, classes)


@pytest.mark.parametrize(
    ('recipe', 'rule'),
    [
        ('oaa', oaa_labels),
        ('drs', drs_labels),
        ('nsrom', with_potential_objects),
    ],
)
def test_recipes_are_the_rules(make, folder, recipe, rule):
    text = make('make_seeds', type='GenerateSeed', recipe=recipe)
    assert 'seeds with saliency' in text
    summary = json.loads((folder / SUMMARY).read_text())
    assert 'LoadSaliency' in str(summary['settings']['loading'])
    found = list((folder / 'out').glob('*.png'))
    assert len(found) == 8
    for path in found:
        saliency, record, _ = read(folder, path.stem)
        cam = resize_cam(tensor(record.cam), record.size).numpy()
        want = rule(saliency, cam, record.classes)
        np.testing.assert_array_equal(load_label_map(path)[0], want)


def test_salient_background_of_other_recipes_is_ignored(make, folder):
    seeds = {'fg_thr': 0.3, 'bg_thr': 0.1}
    make('make_seeds', **seeds)
    changed = 0
    for path in (folder / 'out').glob('*.png'):
        saliency, record, _ = read(folder, path.stem)
        cam = resize_cam(tensor(record.cam), record.size).numpy()
        image = np.zeros((*record.size, 3), np.uint8)
        plain = confident_seed(image, cam, record.classes, **seeds, crf=None)
        doubtful = (plain == 0) & (saliency > 32 / 255)
        want = np.where(doubtful, 255, plain)
        np.testing.assert_array_equal(load_label_map(path)[0], want)
        changed += doubtful.sum()
    assert changed > 0

    # Another map makes the seeds of its image alone again.
    first = min((folder / 'saliency').iterdir())
    size = cv2.imread(str(first), cv2.IMREAD_UNCHANGED).shape
    cv2.imwrite(str(first), np.full(size, 255, np.uint8))
    assert '7 done, 1 to do' in make('make_seeds', **seeds)
    first.unlink()
    assert first.name in make('make_seeds', code=3, **seeds)


def test_pseudo_labels_by_the_rule(make, folder):
    walk = {'radius': 3, 'exp_times': 5}
    text = make(
        'make_pseudo_labels',
        **{'type': 'RandomWalkPseudoLabel', 'saliency_rule': 'oaa', **walk},
    )
    assert 'pseudo labels with saliency' in text
    found = list((folder / 'out').glob('*.png'))
    assert len(found) == 8
    for path in found:
        saliency, record, boundary = read(folder, path.stem)
        scores = walk_to_scores(
            *(tensor(record.cam), tensor(boundary), record.size), **walk
        )
        want = oaa_labels(saliency, scores.numpy(), record.classes)
        np.testing.assert_array_equal(load_label_map(path)[0], want)


def test_second_round_masks_what_is_not_salient(
    output_of, folder, toy_root, monkeypatch
):
    """Labels and predictions are true masks, each with a row of its own."""
    split = VOCFolder.open(toy_root, 'train')
    rounds = {'labels': {}, 'predictions': {}}
    for number, (name, maps) in enumerate(rounds.items()):
        (folder / name).mkdir()
        for item in split.ids:
            mask, _ = load_label_map(split.mask_path(item))
            mask[number * 9 : number * 9 + 9] = number
            maps[item] = mask
            save_label_map(folder / name / f'{item}.png', mask)
    monkeypatch.setenv('VOC_ROOT', str(toy_root))
    monkeypatch.setenv('CLASS_FILE', str(toy_root / 'toyvoc.json'))
    monkeypatch.setenv('LABEL_DIR', 'labels')
    monkeypatch.setenv('PREDICTION_DIR', 'predictions')
    monkeypatch.setenv('SALIENCY_DIR', 'saliency')
    config = CONFIGS / 'pseudo_labels_voc_nsrom.py'
    given = [config, '--work-dir', '.', '--out', 'out']
    options = ['test_dataloader.num_workers=0']
    options += ['test_dataloader.dataset.ann_file=' + TRAIN]
    given += ['--cfg-options', *options]
    text = output_of('make_pseudo_labels', *given)
    assert 'with saliency' in text
    for item in split.ids:
        saliency, record, _ = read(folder, item)
        want = mask_non_salient(
            *(maps[item] for maps in rounds.values()),
            saliency,
            len(record.classes),
        )
        found, _ = load_label_map(folder / f'out/{item}.png')
        np.testing.assert_array_equal(found, want)
