"""Row 26 of the faults: losses and weights that are no numbers any more."""

import json

import pytest
import torch
from mmengine.runner import Runner
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor

from model_configs import branch
from projects.amr.engine.hooks import NonFiniteLossHook
from projects.amr.errors import NonFiniteError
from projects.amr.runtime.checkpoints.resume import find_resume_point


def poisoned(cfg, step):
    """A runner whose first weights are nan after a number of steps."""
    runner = Runner.from_cfg(cfg)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    run_iter = runner.train_loop.run_iter

    def run(*args):
        run_iter(*args)
        if runner.iter == step:
            with torch.no_grad():
                next(runner.model.parameters()).fill_(torch.nan)

    runner.train_loop.run_iter = run
    return runner


def classifier(toy_root, work_dir, epochs=3):
    cfg = tiny_config(toy_root, work_dir, branch())
    cfg.train_cfg.update(max_epochs=epochs, val_interval=10)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.param_scheduler.end = epochs
    cfg.experiment_name = work_dir.name
    return cfg


@pytest.mark.parametrize('patience', [1, 3])
def test_fault26_stops_names_images_and_last_checkpoint(
    toy_root, tmp_path, patience
):
    cfg = classifier(toy_root, tmp_path)
    cfg.default_hooks.finite_loss.patience = patience
    with pytest.raises(NonFiniteError, match=r'epoch_1\.pth') as caught:
        poisoned(cfg, 5).train()
    assert caught.value.exit_code == 5
    assert '--resume' in str(caught.value)
    content = json.loads((tmp_path / 'nonfinite_loss_rank0.json').read_text())
    assert [bad['iteration'] for bad in content] == [*range(6, 6 + patience)]
    assert all(len(bad['images']) == 2 for bad in content)
    assert content[0]['images'][0] in str(caught.value)
    assert content[0]['losses']['loss'] == 'nan'
    point, _ = find_resume_point(tmp_path)
    assert (point.path.name, point.epoch) == ('epoch_1.pth', 1)


def test_fault26_such_weights_are_never_saved(toy_root, tmp_path):
    cfg = tiny_segmentor(toy_root, tmp_path)
    cfg.train_cfg.update(max_iters=4, val_interval=10)
    with pytest.raises(NonFiniteError, match=r'not saved.*iter_2\.pth'):
        poisoned(cfg, 3).train()
    assert [p.name for p in tmp_path.glob('*.pth')] == ['iter_2.pth']


def test_fault26_nor_as_the_best(toy_root, tmp_path):
    cfg = tiny_segmentor(toy_root, tmp_path)
    cfg.train_cfg.update(max_iters=3, val_interval=3)
    cfg.default_hooks.checkpoint.update(
        interval=100, save_last=False, save_best='mIoU'
    )
    with pytest.raises(NonFiniteError, match='not saved'):
        poisoned(cfg, 3).train()
    assert not list(tmp_path.glob('*.pth'))


def test_fault26_single_steps_do_not_stop(toy_root, tmp_path):
    hook = NonFiniteLossHook(patience=2)
    runner = Runner.from_cfg(classifier(toy_root, tmp_path))
    for loss in (torch.nan, 1.0, torch.inf, 0.0):
        hook.after_train_iter(runner, 0, None, {'loss': torch.tensor(loss)})
    hook.after_train_iter(runner, 0, None, {'grad_norm': torch.nan})
    hook.after_train_iter(runner, 0, None, {'loss': -torch.inf})
    with pytest.raises(NonFiniteError, match='2 steps in a row'):
        hook.after_train_iter(runner, 0, None, {'loss_cps': torch.inf})
    with pytest.raises(ValueError, match='patience'):
        NonFiniteLossHook(patience=0)
