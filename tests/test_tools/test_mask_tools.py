"""make_seeds, make_pseudo_labels and eval_masks, as a user calls them."""

import json
import re
from functools import partial

import numpy as np
import pytest

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.transforms import (
    LoadBoundaryMap,
    LoadCAMRecord,
    LoadWeakLabelImage,
    RandomWalkPseudoLabel,
)
from projects.amr.structures import (
    CAMRecord,
    load_label_map,
    save_boundary_map,
)
from projects.amr.structures.label_space import classes_in_mask
from projects.amr.workflow.labels.label_job import LabelMapJob


@pytest.fixture(scope='module')
def folder(toy_root, tmp_path_factory):
    """CAM records from noisy masks, and boundary maps, of the toy set."""
    path = tmp_path_factory.mktemp('masks')
    for name in ('cams', 'boundaries'):
        (path / name).mkdir()
    rng = np.random.default_rng(0)
    split = VOCFolder.open(toy_root, 'train')
    for image_id in split.ids:
        mask, _ = load_label_map(split.mask_path(image_id))
        classes = classes_in_mask(mask)
        maps = [0.7 * (mask == k + 1)[::2, ::2] for k in classes]
        cam = np.array(maps) + 0.3 * rng.random((len(maps), *maps[0].shape))
        CAMRecord(classes, cam, mask.shape).save(path / f'cams/{image_id}.npz')
        save_boundary_map(
            path / f'boundaries/{image_id}.npz',
            rng.random(mask[::4, ::4].shape) ** 2,
        )
    return path


@pytest.fixture
def tool(folder, run_here):
    """Run a tool in this process, in the folder of the records."""
    return partial(run_here, cwd=folder)


def labels_in(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.glob('*.png'))}


def test_masks_and_photos_are_never_written_over(tool, folder, toy_root):
    """Seeds have their names: the truth would be gone, and mIoU be 100."""
    split = VOCFolder.open(toy_root, 'train')
    for place in (split.mask_path('x').parent, toy_root / 'JPEGImages'):
        before = contents(place)
        assert before
        arguments = ['cams', '--data-root', toy_root, '--out-dir', place]
        code, _, errors = tool('make_seeds', *arguments, '--crf', 'none')
        assert code == 2
        assert f'{len(before):,} files that were not made here' in errors
        assert contents(place) == before


def contents(place):
    return {path.name: path.read_bytes() for path in place.iterdir()}


def test_seeds_are_made_kept_and_scored(call, tool, folder, toy_root):
    arguments = ['cams', '--data-root', toy_root, '--out-dir', 'seeds']
    done = call('make_seeds.py', *arguments, '--num-workers', 1, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    assert 'seeds: 0 done, 8 to do' in done.stdout
    before = labels_in(folder / 'seeds')
    assert len(before) == 8
    summary = json.loads((folder / 'seeds/seeds_summary.json').read_text())
    assert summary['settings']['fg_thr'] == 0.60
    assert summary['settings']['crf'].startswith('dense (')
    maps = [
        load_label_map(folder / 'seeds' / name)[0].ravel() for name in before
    ]
    coverage = 100 * np.mean(np.concatenate(maps) != 255)
    assert summary['coverage'] == pytest.approx(coverage)
    printed = re.search(r'with a label: ([\d.]+) %', done.stdout).group(1)
    assert float(printed) == pytest.approx(coverage, abs=0.01)
    assert 0 < summary['scores']['mprecision_fg'] <= 100
    for name in ('alvo', 'background'):
        assert name in done.stdout

    # One is lost, one was damaged: the same bytes come again, without a pool.
    paths = sorted((folder / 'seeds').glob('*.png'))
    paths[1].unlink()
    paths[4].write_bytes(b'')
    code, text, _ = tool('make_seeds', *arguments)
    assert code == 0
    assert 'seeds: 6 done, 2 to do' in text
    assert labels_in(folder / 'seeds') == before
    again = json.loads((folder / 'seeds/seeds_summary.json').read_text())
    assert again == summary

    code, text, _ = tool(
        'make_seeds', *arguments, '--crf', 'none', '--fg-thr', 0.5
    )
    assert code == 0
    assert 'fg_thr, crf changed' in text
    assert '0 done, 8 to do' in text
    assert labels_in(folder / 'seeds') != before


@pytest.mark.parametrize('fg_thr', [0.5, 0.6])
def test_fault09_labels_of_two_runs_do_not_mix_unseen(
    tool, toy_root, tmp_path, monkeypatch, fg_thr
):
    """Runs of the same values may share a folder, as shards do."""
    out = tmp_path / 'seeds'
    arguments = ['cams', '--data-root', toy_root, '--out-dir', out]
    arguments += ['--crf', 'none', '--fg-thr']
    make, second = LabelMapJob.make, []

    def meanwhile(job, item):
        if not second:  # another one begins, and ends, in between
            second.append(None)
            second.append(tool('make_seeds', *arguments, fg_thr)[0])
        return make(job, item)

    monkeypatch.setattr(LabelMapJob, 'make', meanwhile)
    code, _, errors = tool('make_seeds', *arguments, 0.6)
    assert second == [None, 0]
    if fg_thr == 0.6:
        assert code == 0
        return
    assert code == 2
    assert f'{out}: another run with another fg_thr began' in errors


def test_pseudo_labels_are_the_transform_s_and_scored_alike(
    tool, folder, toy_root
):
    arguments = ['--data-root', toy_root, '--out-dir', 'labels']
    code, _, _ = tool(
        'make_pseudo_labels', 'cams', 'boundaries', *arguments, '--radius', 3
    )
    assert code == 0
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
    path = folder / 'labels/pseudo_labels_summary.json'
    summary = json.loads(path.read_text())
    assert summary['coverage'] == 100

    (folder / 'labels' / f'{split.ids[0]}.png').rename(folder / 'kept.png')
    arguments = ['labels', '--data-root', toy_root, '--split', 'train']
    code, _, errors = tool('eval_masks', *arguments)
    assert code == 3
    assert '1 of 8 predictions are missing' in errors
    code, text, _ = tool('eval_masks', *arguments, '--skip-missing')
    assert code == 0
    assert 'over 7 images; 1 without a prediction left out' in text
    (folder / 'kept.png').rename(folder / 'labels' / f'{split.ids[0]}.png')
    code, text, _ = tool('eval_masks', *arguments, '--out', 'a.json')
    assert code == 0
    scores = json.loads((folder / 'a.json').read_text())
    for key, value in summary['scores'].items():
        assert scores[key] == value
    printed = re.search(r'mIoU ([\d.]+) %', text).group(1)
    assert float(printed) == pytest.approx(scores['mIoU'], abs=0.01)
    assert 'dexa' in text


@pytest.mark.parametrize(
    ('name', 'arguments', 'code', 'words'),
    [
        ('make_seeds', ['gone', '--out-dir', 'x'], 2, 'gone'),
        (
            'make_seeds',
            ['cams', '--out-dir', 'x', '--split', 'val', '--crf', 'none'],
            3,
            'no CAM record at',
        ),
        (
            'make_seeds',
            ['cams', '--out-dir', 'x', '--alpha-low', 2],
            2,
            'recipe affinitynet',
        ),
        (
            'make_seeds',
            ['cams', '--out-dir', 'x', '--config', 'gone.py'],
            2,
            'gone.py',
        ),
        (
            'make_pseudo_labels',
            ['cams', 'cams', '--out-dir', 'x'],
            3,
            'not a readable boundary map',
        ),
        ('make_seeds', ['cams', '--out-dir', 'cams/file'], 2, '--out-dir'),
        ('eval_masks', ['gone'], 2, 'gone'),
        ('eval_masks', ['cams', '--split', 'gone'], 3, 'gone.txt'),
    ],
)
def test_faults_end_with_code_and_remedy(
    tool, folder, toy_root, name, arguments, code, words
):
    (folder / 'cams/file').write_text('in the way')
    found, _, errors = tool(name, *arguments, '--data-root', toy_root)
    assert found == code, errors
    assert words in errors.split('ERROR: ')[-1]


def test_classes_of_a_config(tool, folder, toy_root):
    """Labels beyond the class list are refused, with the way out."""
    config = folder / 'two.py'
    config.write_text(
        'test_dataloader = dict(dataset=dict(metainfo='
        "dict(classes=('background', 'one'))))"
    )
    arguments = ['cams', '--out-dir', 'y', '--data-root', toy_root]
    code, _, errors = tool(
        'make_seeds', *arguments, '--classes-from', config, '--crf', 'none'
    )
    assert code == 3
    assert '--classes-from' in errors
