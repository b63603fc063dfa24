"""Changed settings that a resumed training would put back are refused."""

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from runner_configs import tiny_config

from projects.amr.errors import UserError
from projects.amr.runtime.checkpoints.resume import settle_resume
from projects.amr.workflow.launch.config_agreement import (
    check_schedule_length,
)


def config(root, folder, name, epochs=2):
    cfg = tiny_config(root, folder)
    cfg.experiment_name = f'{folder.name}_{name}'
    cfg.train_cfg.update(max_epochs=epochs, val_interval=9)
    cfg.param_scheduler.end = 3
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    return cfg


def resumed(cfg):
    cfg.resume = True
    settle_resume(cfg)
    Runner.from_cfg(cfg).train()


def test_a_resumed_training_tells_what_it_would_ignore(
    toy_root, tmp_path, capfd
):
    Runner.from_cfg(config(toy_root, tmp_path, 'a', 1)).train()
    cfg = config(toy_root, tmp_path, 'b')
    cfg.optim_wrapper.optimizer.update(lr=0.001, weight_decay=0.5)
    cfg.param_scheduler.update(end=9, power=0.5)
    with pytest.raises(UserError) as caught:
        resumed(cfg)
    text = str(caught.value)
    for words in (
        'optimizer lr 0.05 -> 0.001',
        'optimizer weight_decay 0.0001 -> 0.5',
        'PolyLR power 0.9 -> 0.5',
        'PolyLR end ',
        'load_from=CHECKPOINT',
    ):
        assert words in text
    assert 'momentum' not in text
    resumed(config(toy_root, tmp_path, 'c'))
    assert (tmp_path / 'epoch_2.pth').is_file()
    capfd.readouterr()
    cfg = config(toy_root, tmp_path, 'd')
    cfg.resume = True
    settle_resume(cfg)
    assert 'is at 2 of train_cfg.max_epochs=2' in ''.join(capfd.readouterr())


POLY = {'type': 'PolyLR', 'eta_min': 0.0, 'end': 8}
WARM = {'type': 'LinearLR', 'end': 1}


def of(loop, schedulers):
    return Config({'train_cfg': loop, 'param_scheduler': schedulers})


@pytest.mark.parametrize(
    ('loop', 'schedulers', 'key'),
    [
        ({'type': 'EpochBasedTrainLoop', 'max_epochs': 9}, POLY, '.end=9'),
        ({'by_epoch': True, 'max_epochs': 9}, [WARM, POLY], r'\.1\.end=9'),
        (
            {'type': 'IterBasedTrainLoop', 'max_iters': 9},
            {**POLY, 'by_epoch': False},
            'max_iters is 9',
        ),
    ],
)
def test_epochs_at_a_rate_of_0_are_refused(loop, schedulers, key):
    with pytest.raises(UserError, match=key):
        check_schedule_length(of(loop, schedulers))


@pytest.mark.parametrize(
    'schedulers',
    [
        {**POLY, 'end': 9},
        {**POLY, 'eta_min': 1e-4},
        {**POLY, 'by_epoch': False},  # counts something else
        {'type': 'PolyLR'},
        {'type': 'MultiStepLR', 'milestones': [3], 'end': 8},
        None,
    ],
)
def test_other_schedules_are_left_alone(schedulers):
    loop = {'type': 'EpochBasedTrainLoop', 'max_epochs': 9}
    assert check_schedule_length(of(loop, schedulers)) == []
    (warning,) = check_schedule_length(of({**loop, 'max_epochs': 4}, POLY))
    assert 'param_scheduler.end=4' in warning
