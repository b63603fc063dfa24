"""Several ranks and machines leave on disk what one does."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from affinity_configs import irnet_config
from cam_files import write_cam_files
from mmengine.config import Config
from mmseg.registry import MODELS
from runner_configs import without_chance
from segmentor_configs import tiny_segmentor
from tool_process import run_tool_process

from projects.amr.structures import load_label_map

ROOT = Path(__file__).resolve().parents[2]


def segmentor(root, folder):
    """Config and model of a segmentor that predicts several classes."""
    cfg = tiny_segmentor(root, folder)
    model = MODELS.build(cfg.model)
    for conv in model.decode_head.convs:
        torch.nn.init.normal_(conv.weight)
    return cfg, model


def irnet(root, folder):
    """Config and model of an affinity network that writes boundaries."""
    write_cam_files(root, folder)
    cfg = Config.fromfile(ROOT / 'configs/toy/irnet_r26_toyvoc.py')
    cfg.model = {
        **irnet_config(),
        'data_preprocessor': cfg.model.data_preprocessor,
    }
    dataset = cfg.test_dataloader.dataset
    dataset.data_root = str(root)
    dataset.pipeline[3].cam_dir = str(folder / 'cams')
    model = MODELS.build(cfg.model)
    torch.nn.init.normal_(model.boundary_head.classifier.weight)
    return cfg, model


@pytest.mark.parametrize('build', [segmentor, irnet])
def test_label_maps_of_two_ranks_are_those_of_one(
    build, call, toy_root, tmp_path
):
    cfg, model = build(toy_root, tmp_path)
    for key in ('work_dir', 'launcher', 'experiment_name'):
        cfg.pop(key, None)
    cfg.dump(tmp_path / 'tiny.py')
    torch.save(
        {'meta': {}, 'state_dict': model.state_dict()}, tmp_path / 'a.pth'
    )
    arguments = ['tiny.py', 'a.pth']
    run_tool_process('test.py', *arguments, '--work-dir', 'one', cwd=tmp_path)
    done = call(
        'dist_test.sh',
        *arguments,
        2,
        '--work-dir',
        'two',
        cwd=tmp_path,
        PORT='29621',
    )
    assert done.returncode == 0, done.stderr[-3000:]
    maps = sorted((tmp_path / 'one').glob('*/*.png'))
    maps += sorted((tmp_path / 'one').glob('boundaries/*.npz'))
    assert len(maps) == {segmentor: 4, irnet: 8}[build]
    seen = set()
    for path in maps:
        twin = tmp_path / 'two' / path.relative_to(tmp_path / 'one')
        assert twin.read_bytes() == path.read_bytes()
        if path.suffix == '.png':
            seen |= set(np.unique(load_label_map(path)[0]))
    assert build is irnet or len(seen) > 2


def test_two_machines_train_as_one_does(tiny_file, tmp_path):
    """Each with one process, over the loopback."""
    cfg = without_chance(Config.fromfile(tiny_file))
    for ranks in (1, 2):
        cfg.train_dataloader.batch_size = 4 // ranks
        cfg.dump(tmp_path / f'ranks{ranks}.py')
    run_tool_process('train.py', 'ranks1.py', cwd=tmp_path)
    machines = [
        subprocess.Popen(
            ['bash', str(ROOT / 'tools/dist_train.sh'), 'ranks2.py', '1'],
            cwd=tmp_path,
            env={
                **os.environ,
                'OMP_NUM_THREADS': '1',
                'PYTHON': sys.executable,
                'NNODES': '2',
                'NODE_RANK': str(rank),
                'MASTER_ADDR': '127.0.0.1',
                'PORT': '29622',
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in (0, 1)
    ]
    texts = [machine.communicate(timeout=300)[0] for machine in machines]
    for machine, text in zip(machines, texts, strict=True):
        assert machine.returncode == 0, text[-3000:]
    states = [
        torch.load(tmp_path / f'work_dirs/ranks{ranks}/epoch_1.pth')[
            'state_dict'
        ]
        for ranks in (1, 2)
    ]
    for key, value in states[0].items():
        torch.testing.assert_close(value, states[1][key], rtol=1e-4, atol=1e-5)
