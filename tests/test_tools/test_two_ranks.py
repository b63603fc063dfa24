"""Several ranks and machines leave on disk what one does."""

import os
import site
import subprocess
import sys
from functools import partial
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
    two = [*arguments, 2, '--work-dir', 'two']
    call('dist_test.sh', *two, cwd=tmp_path, PORT='29621')
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


RECORDER = """
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

@HOOKS.register_module()
class LossRecorder(Hook):
    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        with open(f'{runner.work_dir}/losses{get_rank()}.txt', 'a') as file:
            print(float(outputs['loss']), file=file)
"""


@pytest.fixture
def settings(tiny_file, tmp_path):
    """Write configs of one epoch without chance; returns their writer."""
    (tmp_path / 'loss_recorder.py').write_text(RECORDER)

    def _write(name, batch_size, **changes):
        cfg = without_chance(Config.fromfile(tiny_file))
        cfg.custom_imports.imports.append('loss_recorder')
        cfg.default_hooks.recorder = {'type': 'LossRecorder'}
        cfg.param_scheduler = None  # it counts steps, not updates
        cfg.train_dataloader.batch_size = batch_size
        cfg.merge_from_dict(changes)
        cfg.dump(tmp_path / f'{name}.py')
        return f'{name}.py'

    return _write


def losses(folder, name, rank=0):
    path = folder / 'work_dirs' / name / f'losses{rank}.txt'
    return torch.tensor([float(line) for line in path.read_text().split()])


def weights(folder, name):
    path = folder / 'work_dirs' / name / 'epoch_1.pth'
    return torch.load(path)['state_dict']


def assert_same(states, others):
    for key, value in states.items():
        torch.testing.assert_close(value, others[key], rtol=1e-4, atol=1e-5)


def test_two_machines_and_accumulation_train_as_one_process_does(
    settings, tmp_path
):
    """Half of the batch each; two machines over the loopback.

    The loss of a batch is the mean of its halves' losses. Sums in another
    order: 1e-4 of the value.
    """
    env = {**os.environ, 'PYTHONPATH': str(tmp_path)}
    steps = {'optim_wrapper.accumulative_counts': 2}
    for name, more in (('one', {}), ('steps', steps)):
        config = settings(name, 4 // (1 + bool(more)), **more)
        add_path = partial(site.addsitedir, str(tmp_path))
        run_tool_process('train.py', config, cwd=tmp_path, patch=add_path)
    config = settings('two', 2)
    machines = [
        subprocess.Popen(
            ['bash', str(ROOT / 'tools/dist_train.sh'), config, '1'],
            cwd=tmp_path,
            env={
                **env,
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
    assert 'Total batch size 4: 2 processes x 2 images' in texts[0]
    one = losses(tmp_path, 'one')
    assert len(one.unique()) == len(one) > 1
    ranks = [losses(tmp_path, 'two', rank) for rank in (0, 1)]
    torch.testing.assert_close(
        torch.stack(ranks).mean(0), one, rtol=1e-4, atol=1e-6
    )
    assert_same(weights(tmp_path, 'one'), weights(tmp_path, 'two'))
    # mmengine divides each step's loss by the count only for backward.
    pairs = losses(tmp_path, 'steps').reshape(-1, 2)
    torch.testing.assert_close(pairs.mean(1), one, rtol=1e-4, atol=1e-6)
    assert_same(weights(tmp_path, 'one'), weights(tmp_path, 'steps'))
