"""make_seeds, make_pseudo_labels and eval_masks, as a user calls them."""

import json
import re
from functools import partial

import numpy as np
import pytest
from cam_files import write_cam_files, write_label_config

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.transforms import (
    LoadBoundaryMap,
    LoadCAMRecord,
    LoadWeakLabelImage,
    RandomWalkPseudoLabel,
)
from projects.amr.structures import load_label_map
from projects.amr.workflow.labels.label_job import LabelMapJob


@pytest.fixture(scope='module')
def folder(toy_root, tmp_path_factory):
    """CAM records from noisy masks, and boundary maps, of the toy set."""
    return write_cam_files(toy_root, tmp_path_factory.mktemp('masks'))


@pytest.fixture
def tool(folder, output_of):
    """Run a tool in this process, in the folder of the records."""
    return partial(output_of, cwd=folder)


@pytest.fixture
def config(toy_root, folder, tmp_path):
    """Write a config of seeds, or of other labels."""
    return partial(write_label_config, tmp_path / 'a.py', toy_root, folder)


def labels_in(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.glob('*.png'))}


def contents(place):
    return {path.name: path.read_bytes() for path in place.iterdir()}


def test_masks_and_photos_are_never_written_over(tool, config, toy_root):
    """Seeds have their names: the truth would be gone, and mIoU be 100."""
    for name in ('SegmentationClass', 'JPEGImages'):
        place = toy_root / name
        before = contents(place)
        assert before
        text = tool('make_seeds', config(), '--out', place, code=2)
        assert str(place) in text
        assert contents(place) == before


def test_seeds_are_made_kept_and_scored(call, tool, folder, config):
    path = config(crf='dense')
    options = ['--cfg-options', 'test_dataloader.num_workers=1']
    arguments = [path, '--work-dir', 'seeds']
    done = call('make_seeds.py', *arguments, *options, cwd=folder)
    assert 'seeds: 0 done, 8 to do' in done.stdout
    before = labels_in(folder / 'seeds/labels')
    assert len(before) == 8
    summary = json.loads((folder / 'seeds/test_summary.json').read_text())
    assert summary['settings']['fg_thr'] == 0.60
    assert summary['settings']['crf'].startswith('dense (')
    maps = [
        load_label_map(folder / 'seeds/labels' / name)[0].ravel()
        for name in before
    ]
    coverage = 100 * np.mean(np.concatenate(maps) != 255)
    metrics = summary['metrics']
    assert metrics['seeds/coverage'] == pytest.approx(coverage)
    assert 0 < metrics['seeds/mprecision_fg'] <= 100

    # One is lost, one was damaged: the same bytes come again, without a pool.
    paths = sorted((folder / 'seeds/labels').glob('*.png'))
    paths[1].unlink()
    paths[4].write_bytes(b'')
    text = tool('make_seeds', *arguments)
    assert 'seeds: 6 done, 2 to do' in text
    assert labels_in(folder / 'seeds/labels') == before
    again = json.loads((folder / 'seeds/test_summary.json').read_text())
    assert again == summary

    text = tool(
        'make_seeds',
        *arguments,
        *('--cfg-options', 'label_transform.fg_thr=0.5'),
    )
    assert 'fg_thr changed' in text
    assert '0 done, 8 to do' in text
    assert labels_in(folder / 'seeds/labels') != before


@pytest.mark.parametrize('fg_thr', [0.5, 0.6])
def test_fault09_labels_of_two_runs_do_not_mix_unseen(
    tool, config, tmp_path, monkeypatch, fg_thr
):
    """Runs of the same values may share a folder, as shards do."""
    out = tmp_path / 'seeds'
    arguments = ['make_seeds', config(), '--out', out, '--cfg-options']
    make, second = LabelMapJob.make, []

    def meanwhile(job, item):
        if not second:  # another one begins, and ends, in between
            second.append(None)
            option = f'label_transform.fg_thr={fg_thr}'
            second.append(tool(*arguments, option))
        return make(job, item)

    monkeypatch.setattr(LabelMapJob, 'make', meanwhile)
    code = 0 if fg_thr == 0.6 else 2
    text = tool(*arguments, 'label_transform.fg_thr=0.6', code=code)
    assert len(second) == 2
    told = f'{out}: another run with another fg_thr began' in text
    assert told == bool(code)


def test_pseudo_labels_are_the_transform_s_and_scored_alike(
    tool, folder, config, toy_root
):
    path = config(type='RandomWalkPseudoLabel', radius=3)
    text = tool('make_pseudo_labels', path, '--work-dir', '.')
    split = VOCFolder.open(toy_root, 'train')
    for image_id in split.ids:
        results = {
            'img_id': image_id,
            'img_path': str(split.image_path(image_id)),
        }
        for transform in (
            LoadWeakLabelImage(),
            LoadCAMRecord(str(folder / 'cams')),
            LoadBoundaryMap(str(folder / 'boundaries')),
            RandomWalkPseudoLabel(radius=3),
        ):
            results = transform(results)
        np.testing.assert_array_equal(
            load_label_map(folder / f'labels/{image_id}.png')[0],
            results['gt_seg_map'],
        )
    summary = json.loads((folder / 'test_summary.json').read_text())
    assert summary['metrics']['labels/coverage'] == 100

    (folder / 'labels' / f'{split.ids[0]}.png').rename(folder / 'kept.png')
    arguments = ['labels', '--data-root', toy_root, '--split', 'train']
    text = tool('eval_masks', *arguments, code=3)
    assert '1 of 8 predictions are missing' in text
    text = tool('eval_masks', *arguments, '--skip-missing')
    assert 'over 7 images; 1 without a prediction left out' in text
    (folder / 'kept.png').rename(folder / 'labels' / f'{split.ids[0]}.png')
    text = tool('eval_masks', *arguments, '--out', 'a.json')
    scores = json.loads((folder / 'a.json').read_text())
    for name in ('mIoU', 'mprecision_fg', 'mrecall_fg'):
        assert scores[name] == summary['metrics'][f'labels/{name}']
    np.testing.assert_allclose(
        summary['details']['labels']['IoU'],
        [row['IoU'] for row in scores['per_class'].values()],
        atol=1e-4,
    )
    printed = re.search(r'mIoU ([\d.]+) %', text).group(1)
    assert float(printed) == pytest.approx(scores['mIoU'], abs=0.01)
