"""make_seeds, make_pseudo_labels and eval_masks, as a user calls them.

By several processes too: each item once, the same bytes.
"""

import json
import re
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from cam_files import write_cam_files, write_label_config
from file_trees import tree
from mmengine.config import Config
from PIL import Image
from runner_configs import contents
from tool_process import ToolProcess, run_tool_process

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.transforms import (
    LoadBoundaryMap,
    LoadCAMRecord,
    LoadWeakLabelImage,
    RandomWalkPseudoLabel,
)
from projects.amr.errors import UserError
from projects.amr.runtime.files.sharding import Shard, require_launcher
from projects.amr.structures import load_label_map
from projects.amr.workflow.ablation.grid import SUMMARY
from projects.amr.workflow.labels.label_job import LabelMapJob

TOOLS = {
    'make_seeds.py': {},
    'make_pseudo_labels.py': {'type': 'RandomWalkPseudoLabel'},
}
labels_in = partial(contents, suffix='.png')


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


def test_masks_and_photos_are_never_written_over(tool, config, toy_root):
    """Seeds have their names: the truth would be gone, and mIoU be 100."""
    for name in ('SegmentationClass', 'JPEGImages'):
        place = toy_root / name
        before = tree(place)
        assert before
        text = tool('make_seeds', config(), '--out', place, code=2)
        assert str(place) in text
        assert tree(place) == before


def test_seeds_are_made_kept_and_scored(tool, folder, config):
    path = config(crf='dense')
    options = ['--cfg-options', 'test_dataloader.num_workers=1']
    arguments = [path, '--work-dir', 'seeds']
    text = run_tool_process('make_seeds.py', *arguments, *options, cwd=folder)
    assert 'seeds: 0 done, 8 to do' in text
    before = labels_in(folder / 'seeds/labels')
    assert len(before) == 8
    summary = json.loads((folder / 'seeds' / SUMMARY).read_text())
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
    again = json.loads((folder / 'seeds' / SUMMARY).read_text())
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
    summary = json.loads((folder / SUMMARY).read_text())
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


@pytest.fixture(params=TOOLS)
def command(request, config):
    """Tool and config."""
    return request.param, config(**TOOLS[request.param])


def test_two_processes_at_a_time_make_what_one_makes(command, tmp_path):
    for name in ('one', 'first', 'second', 'last'):
        (tmp_path / name).mkdir()
    run_tool_process(*command, '--work-dir', '.', cwd=tmp_path / 'one')
    labels = labels_in(tmp_path / 'one/labels')
    assert len(labels) == 8
    out = ['--work-dir', tmp_path / 'shared']
    shards = [
        ToolProcess(*command, *out, '--shard', f'{k}/2', cwd=tmp_path / name)
        for k, name in enumerate(('first', 'second'))
    ]
    for k, process in enumerate(shards):
        assert process.wait() == 0, process.output
        assert f'4 made, 0 kept from an earlier run (shard {k}/2)' in (
            process.output
        )
    assert labels_in(tmp_path / 'shared/labels') == labels
    # Scores are those of all, so no shard writes any.
    assert not (tmp_path / 'shared' / SUMMARY).exists()
    text = run_tool_process(*command, *out, cwd=tmp_path / 'last')
    assert '0 made, 8 kept' in text
    found = [
        json.loads((tmp_path / name / SUMMARY).read_text())
        for name in ('one', 'shared')
    ]
    assert found[0] == found[1]
    assert found[0]['images'] == 8


def test_ranks_of_a_launcher_are_shards(command, tmp_path):
    names = []
    for rank in range(3):
        (tmp_path / str(rank)).mkdir()
        run_tool_process(
            *command,
            *('--launcher', 'pytorch', '--work-dir', '.'),
            cwd=tmp_path / str(rank),
            RANK=str(rank),
            WORLD_SIZE='3',
        )
        names.append(set(labels_in(tmp_path / str(rank) / 'labels')))
    assert [len(part) for part in names] == [3, 3, 2]
    assert len(set.union(*names)) == 8


@pytest.mark.parametrize('count', [1, 2, 3, 8, 11])
def test_each_item_is_in_exactly_one_shard(count):
    items = tuple(range(8))
    parts = [Shard(k, count).take(items) for k in range(count)]
    assert sorted(sum(parts, ())) == list(items)
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_a_launchers_variables_are_needed():
    assert require_launcher('none', {}) == (0, 1)
    env = {'OMPI_COMM_WORLD_RANK': '3', 'OMPI_COMM_WORLD_SIZE': '4'}
    assert require_launcher('mpi', env) == (3, 4)
    for launcher in ('pytorch', 'slurm', 'mpi'):
        with pytest.raises(UserError):
            require_launcher(launcher, {'RANK': '0'})


def test_a_replaced_photo_is_seen_where_it_is_read(
    toy_root, tmp_path, monkeypatch
):
    """The CRF reads photos, the seeds alone do not."""
    root = shutil.copytree(toy_root, tmp_path / 'set')
    write_cam_files(root, tmp_path)
    kept = {}
    for crf in (None, 'dense'):
        path = write_label_config(tmp_path / 'a.py', root, tmp_path, crf=crf)
        cfg = Config.fromfile(path)
        job = LabelMapJob(
            cfg.test_dataloader.dataset, cfg.label_transform, tmp_path / 'out'
        )
        item = next(iter(job.infos))
        job.prepare([item])
        job.make(item)
        assert job.load(item) is not None
        photo = Path(job.infos[item]['img_path'])
        Image.open(photo).rotate(180).save(photo)
        kept[crf] = job.load(item) is not None
    assert kept == {None: True, 'dense': False}


@pytest.mark.parametrize(
    ('option', 'word'),
    [
        ('ann_file=gone.txt', 'gone.txt'),
        ('pipeline=[]', 'cam_size'),  # nothing is loaded
    ],
)
def test_faults_of_data_and_config_are_told(command, tmp_path, option, word):
    options = ('--cfg-options', f'test_dataloader.dataset.{option}')
    text = run_tool_process(*command, *options, code=3, cwd=tmp_path)
    assert word in text.rpartition('ERROR: ')[2]
