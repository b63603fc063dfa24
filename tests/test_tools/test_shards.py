"""Seeds and pseudo labels by several processes: each item once, same bytes."""

import json

import pytest
from cam_files import write_cam_files, write_label_config
from tool_process import ToolProcess, run_tool_process

from projects.amr.runtime.files.sharding import (
    Shard,
)

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
