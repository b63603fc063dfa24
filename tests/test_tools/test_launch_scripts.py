"""What dist_*.sh and slurm_*.sh start, by a recorder in python's place."""

import os
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
RECORDER = """#!/usr/bin/env bash
printf '%s\\n' "$PYTHONPATH" "$@"
"""
ELASTIC = ['-m', 'torch.distributed.run']
GANG = ['--ntasks-per-node=4', '--cpus-per-task=5', '--kill-on-bad-exit=1']


@pytest.fixture
def started(call, tmp_path, monkeypatch):
    """PYTHONPATH and arguments of what a script starts."""
    for name in ('python', 'srun'):
        path = tmp_path / 'bin' / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(RECORDER)
        path.chmod(0o755)
    for name in ('NNODES', 'PORT', 'MAX_RESTARTS', 'GPUS', 'SRUN_ARGS'):
        monkeypatch.delenv(name, raising=False)

    def _started(script, *arguments, **env):
        done = call(
            script,
            *arguments,
            cwd=tmp_path,
            PYTHON='python',
            PYTHONPATH='before',
            PATH=f'{tmp_path / "bin"}:{os.environ["PATH"]}',
            **env,
        )
        path, *command = done.stdout.splitlines()
        assert path == f'{TOOLS}/..:before'
        return command

    return _started


@pytest.mark.parametrize(
    ('script', 'given', 'passed'),
    [
        ('train', ['c.py', '2'], ['c.py']),
        ('test', ['c.py', 'a.pth', '2'], ['c.py', 'a.pth']),
    ],
)
def test_dist_scripts_start_one_machines_ranks(started, script, given, passed):
    command = started(f'dist_{script}.sh', *given, '--work-dir', 'a b')
    assert command == [
        *ELASTIC,
        '--nnodes=1',
        '--rdzv-backend=c10d',
        '--local-addr=127.0.0.1',
        '--rdzv-endpoint=127.0.0.1:29500',
        '--nproc_per_node=2',
        '--max_restarts=0',
        f'{TOOLS}/{script}.py',
        *passed,
        '--launcher',
        'pytorch',
        '--work-dir',
        'a b',
    ]


def test_dist_scripts_place_a_machine_among_several(started):
    place = {'NNODES': '2', 'NODE_RANK': '1', 'MASTER_ADDR': 'a.b'}
    command = started(
        'dist_train.sh', 'c.py', '8', PORT='7', MAX_RESTARTS='3', **place
    )
    assert command[: command.index(f'{TOOLS}/train.py')] == [
        *ELASTIC,
        '--nnodes=2',
        '--node_rank=1',
        '--master_addr=a.b',
        '--master_port=7',
        '--nproc_per_node=8',
        '--max_restarts=3',
    ]


@pytest.mark.parametrize(
    ('script', 'given'),
    [('train', ['c.py']), ('test', ['c.py', 'a.pth'])],
)
def test_slurm_scripts_ask_for_a_gang(started, script, given):
    command = started(
        f'slurm_{script}.sh',
        'part',
        'a job',
        *given,
        '--resume',
        GPUS='16',
        GPUS_PER_NODE='4',
        SRUN_ARGS='--quiet --exclusive',
    )
    assert command == [
        '-p',
        'part',
        '--job-name=a job',
        '--gres=gpu:4',
        '--ntasks=16',
        *GANG,
        '--quiet',
        '--exclusive',
        'python',
        '-u',
        f'{TOOLS}/{script}.py',
        *given,
        '--launcher',
        'slurm',
        '--resume',
    ]
