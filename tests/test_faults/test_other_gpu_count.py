"""Row 33 of the faults: resuming with another number of processes."""

import shutil

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor
from training_faults import train, train_on_two_ranks

from model_configs import branch
from projects.amr.errors import UserError
from projects.amr.runtime.checkpoints.resumed_schedule import fit_schedule


def started(cfg):
    """A runner as it is just before it resumes."""
    runner = Runner.from_cfg(cfg)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.param_schedulers = runner.build_param_scheduler(
        runner.param_schedulers
    )
    return runner


def scale(world_size, batch_size, steps, counts=1):
    return {
        'world_size': world_size,
        'batch_size': batch_size,
        'accumulative_counts': counts,
        'steps_per_epoch': steps,
    }


@pytest.fixture
def runner(toy_root, tmp_path):
    """Three epochs of four steps of two images, poly schedule."""
    cfg = tiny_config(toy_root, tmp_path, branch())
    cfg.train_cfg.update(max_epochs=3)
    cfg.param_scheduler.end = 3
    cfg.experiment_name = tmp_path.name
    return started(cfg)


def saved(runner, old, epoch, iteration):
    """A checkpoint's progress with another number of steps."""
    state = runner.param_schedulers[0].state_dict()
    ratio = old['steps_per_epoch'] / len(runner.train_dataloader)
    state.update(
        last_step=iteration,
        _global_step=iteration + 1,
        end=round(state['end'] * ratio),
        total_iters=round(state['total_iters'] * ratio),
    )
    return {
        'meta': {'epoch': epoch, 'iter': iteration},
        'parallel': old,
        'param_schedulers': [state],
    }


def test_fault33_same_size_changes_nothing(runner):
    checkpoint = saved(runner, scale(1, 2, 4), 1, 4)
    before = repr(checkpoint)
    assert fit_schedule(runner, checkpoint) is None
    assert fit_schedule(runner, {'meta': {}}) is None  # an older checkpoint
    assert repr(checkpoint) == before


@pytest.mark.parametrize(
    ('old', 'iteration', 'now'),
    [(scale(2, 2, 2), 2, 4), (scale(2, 2, 2), 3, 6), (scale(1, 1, 8), 8, 4)],
)
def test_fault33_schedule_goes_on_at_the_same_epoch(
    runner, old, iteration, now
):
    checkpoint = saved(runner, old, 1, iteration)
    note = fit_schedule(runner, checkpoint)
    images = old['world_size'] * old['batch_size']
    assert f'effective batch {images} -> 2' in note
    assert 'not scaled' in note
    assert checkpoint['meta'] == {'epoch': 1, 'iter': now}
    state = checkpoint['param_schedulers'][0]
    assert state['last_step'] == now
    fresh = runner.param_schedulers[0]
    assert state['end'] == fresh.end == 12
    assert state['total_iters'] == fresh.total_iters


def test_fault33_scaled_learning_rates_are_refused(runner):
    runner.auto_scale_lr = {'enable': True, 'base_batch_size': 4}
    checkpoint = saved(runner, scale(2, 2, 2), 1, 2)
    with pytest.raises(UserError, match=r'from 4 to 2 images.*enable=False'):
        fit_schedule(runner, checkpoint)
    # Other processes, the same effective batch: nothing to scale.
    assert fit_schedule(runner, saved(runner, scale(2, 1, 4), 1, 4))


def test_fault33_a_schedule_in_iterations_is_refused(runner):
    checkpoint = saved(runner, scale(2, 2, 2), 1, 2)
    checkpoint['param_schedulers'][0]['end'] = runner.param_schedulers[0].end
    with pytest.raises(UserError, match=r'PolyLR counts iterations'):
        fit_schedule(runner, checkpoint)
    checkpoint = saved(runner, scale(2, 2, 2), 1, 2)
    checkpoint['param_schedulers'][0].update(end=12, last_step=12)
    fit_schedule(runner, checkpoint)  # it has run its course


def test_fault33_iteration_based_training_keeps_its_schedule(
    toy_root, tmp_path
):
    runner = started(tiny_segmentor(toy_root, tmp_path))
    checkpoint = saved(runner, scale(4, 2, 1), 0, 2)
    before = repr(checkpoint['param_schedulers'])
    note = fit_schedule(runner, checkpoint)
    assert 'effective batch 8 -> 2' in note
    assert 'counts iterations and stays' in note
    assert repr(checkpoint['param_schedulers']) == before


def test_fault33_two_processes_then_one(undisturbed, tmp_path):
    cfg = Config.fromfile(undisturbed.config)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint.max_keep_ckpts = -1
    cfg.dump(tmp_path / 'two.py')
    ranks = train_on_two_ranks(tmp_path / 'two.py', tmp_path, 29641)
    assert [rank.wait() for rank in ranks] == [0, 0], ranks[0].output[-3000:]
    work = tmp_path / 'work'
    states = torch.load(work / 'epoch_1.pth', weights_only=True)
    assert len(states['random_state']) == 2
    one = shutil.copytree(work, tmp_path / 'one')
    (one / 'last_checkpoint').write_text('epoch_1.pth')
    output = train(tmp_path / 'two.py', 'one', '--resume', cwd=tmp_path)
    assert 'effective batch 4 -> 2' in output
    assert 'takes 4 steps, it took 2' in output
    assert 'state of 2 process(es), here are 1' in output
    end = torch.load(one / 'epoch_3.pth', weights_only=True)
    assert end['meta']['iter'] == 12
    # The poly schedule has come to the last step of its twelve.
    whole = torch.load(undisturbed.folder / 'epoch_3.pth', weights_only=True)
    for key in ('last_step', 'total_iters', '_last_value'):
        assert end['param_schedulers'][0][key] == pytest.approx(
            whole['param_schedulers'][0][key]
        )
