"""Seeds and pseudo labels with saliency, as a user makes them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

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
    save_boundary_map,
    save_label_map,
)
from projects.amr.structures.label_space import classes_in_mask
from projects.amr.workflow.ablation import SUMMARY

CONFIGS = Path(__file__).parents[2] / 'configs'
TRAIN = 'ImageSets/Segmentation/train.txt'
SEEDS = ('seeds.py', '--work-dir', '.', '--out', 'out')


@pytest.fixture
def folder(toy_root, tmp_path):
    """Records from noisy masks, boundary and saliency maps of the toy set."""
    for name in ('cams', 'boundaries', 'saliency'):
        (tmp_path / name).mkdir()
    rng = np.random.default_rng(0)
    split = VOCFolder.open(toy_root, 'train')
    for item in split.ids:
        mask, _ = load_label_map(split.mask_path(item))
        classes = classes_in_mask(mask)
        maps = [0.7 * (mask == k + 1)[::2, ::2] for k in classes]
        cam = np.array(maps) + 0.3 * rng.random((len(maps), *maps[0].shape))
        CAMRecord(classes, cam, mask.shape).save(tmp_path / f'cams/{item}.npz')
        save_boundary_map(
            tmp_path / f'boundaries/{item}.npz',
            rng.random(mask[::4, ::4].shape) ** 2,
        )
        grey = cv2.blur(np.uint8(255 * (mask > 0)), (9, 9))
        cv2.imwrite(str(tmp_path / f'saliency/{item}.png'), grey)
    for name, step in (
        ('seeds', ''),
        (
            'pseudo_labels',
            "dict(type='LoadBoundaryMap', boundary_dir='boundaries'),",
        ),
    ):
        (tmp_path / f'{name}.py').write_text(f"""
_base_ = '{CONFIGS}/toy/{name}_toyvoc.py'
test_dataloader = dict(
    num_workers=0,
    dataset=dict(
        data_root='{toy_root}',
        ann_file='ImageSets/Segmentation/train.txt',
        pipeline=[
            dict(type='LoadWeakLabelImage'),
            dict(type='LoadCAMRecord', cam_dir='cams'),
            dict(type='LoadSaliency', saliency_dir='saliency'), {step}
        ],
    ),
)
""")
    return tmp_path


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
def test_recipes_are_the_rules(run_here, folder, recipe, rule):
    path = folder / 'seeds.py'
    path.write_text(
        f'{path.read_text()}label_transform = dict(_delete_=True, '
        f"type='GenerateSeed', recipe='{recipe}')\n"
    )
    code, text, errors = run_here('make_seeds', *SEEDS, cwd=folder)
    assert code == 0, errors
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


def test_salient_background_of_other_recipes_is_ignored(run_here, folder):
    code, _, errors = run_here('make_seeds', *SEEDS, cwd=folder)
    assert code == 0, errors
    changed = 0
    for path in (folder / 'out').glob('*.png'):
        saliency, record, _ = read(folder, path.stem)
        cam = resize_cam(tensor(record.cam), record.size).numpy()
        image = np.zeros((*record.size, 3), np.uint8)
        plain = confident_seed(
            image, cam, record.classes, fg_thr=0.3, bg_thr=0.1, crf=None
        )
        doubtful = (plain == 0) & (saliency > 32 / 255)
        want = np.where(doubtful, 255, plain)
        np.testing.assert_array_equal(load_label_map(path)[0], want)
        changed += doubtful.sum()
    assert changed > 0

    # Another map makes the seeds of its image alone again.
    first = min((folder / 'saliency').iterdir())
    size = cv2.imread(str(first), cv2.IMREAD_UNCHANGED).shape
    cv2.imwrite(str(first), np.full(size, 255, np.uint8))
    code, text, _ = run_here('make_seeds', *SEEDS, cwd=folder)
    assert (code, '7 done, 1 to do' in text) == (0, True)
    first.unlink()
    code, _, errors = run_here('make_seeds', *SEEDS, cwd=folder)
    assert (code, first.name in errors) == (3, True)


def test_pseudo_labels_by_the_rule(run_here, folder):
    given = ['pseudo_labels.py', '--work-dir', '.', '--out', 'out']
    given += ['--cfg-options', 'label_transform.saliency_rule=oaa']
    code, text, errors = run_here('make_pseudo_labels', *given, cwd=folder)
    assert code == 0, errors
    assert 'pseudo labels with saliency' in text
    found = list((folder / 'out').glob('*.png'))
    assert len(found) == 8
    for path in found:
        saliency, record, boundary = read(folder, path.stem)
        scores = walk_to_scores(
            *(tensor(record.cam), tensor(boundary), record.size),
            radius=3,
            exp_times=5,
        )
        want = oaa_labels(saliency, scores.numpy(), record.classes)
        np.testing.assert_array_equal(load_label_map(path)[0], want)


def test_second_round_masks_what_is_not_salient(
    run_here, folder, toy_root, monkeypatch
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
    code, text, errors = run_here('make_pseudo_labels', *given, cwd=folder)
    assert code == 0, errors
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
