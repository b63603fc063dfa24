"""Seeds and pseudo labels by several processes: each item once, same bytes."""

import json
import shutil
from pathlib import Path

import pytest
from cam_files import write_cam_files, write_label_config
from mmengine.config import Config
from PIL import Image
from tool_process import ToolProcess, run_tool_process

from projects.amr.errors import UserError
from projects.amr.runtime.files.sharding import Shard, require_launcher
from projects.amr.workflow.labels.label_job import LabelMapJob

SUMMARY = 'test_summary.json'
TOOLS = {
    'make_seeds.py': {},
    'make_pseudo_labels.py': {'type': 'RandomWalkPseudoLabel'},
}


@pytest.fixture(scope='module')
def folder(toy_root, tmp_path_factory):
    """CAM records and boundary maps of the toy set."""
    return write_cam_files(toy_root, tmp_path_factory.mktemp('shards'))


@pytest.fixture(params=TOOLS)
def command(request, folder, toy_root, tmp_path):
    """Tool and config."""
    path, transform = tmp_path / 'a.py', TOOLS[request.param]
    return request.param, write_label_config(
        path, toy_root, folder, **transform
    )


def labels_in(path):
    return {p.name: p.read_bytes() for p in sorted(path.glob('*.png'))}


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
