"""Stops during a validation, and signals after a training."""

import os
import signal

import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import EMAHook
from mmengine.model import BaseModel
from mmengine.runner import Runner

from projects.amr.engine.hooks.graceful_stop_hook import SIGNALS
from projects.amr.errors import StoppedError


class OneWeight(BaseModel):
    """Its weight grows by 1 a step."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return {'loss': -self.weight} if mode == 'loss' else [{}]


class Signalled(BaseMetric):
    """SIGTERM at the first batch of the first validation."""

    default_prefix = 'any'
    sent = True

    def process(self, data_batch, data_samples):
        if not self.sent:
            os.kill(os.getpid(), signal.SIGTERM)
        self.sent = True
        self.results.append(1)

    def compute_metrics(self, results):
        return {'batches': len(results)}


@pytest.fixture
def make(tmp_path):
    """A runner of four epochs of two steps, two of them validated."""

    def _make(folder, stopped=False, resume=False):
        metric = Signalled()
        metric.sent = not stopped
        metric.dataset_meta = {}
        loader = {
            'batch_size': 1,
            'dataset': [{'inputs': torch.ones(1)}] * 2,
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
        }
        return Runner(
            OneWeight(),
            str(tmp_path / folder),
            train_dataloader=loader,
            val_dataloader=loader,
            train_cfg={'by_epoch': True, 'max_epochs': 4, 'val_interval': 2},
            val_cfg={},
            val_evaluator=Evaluator(metric),
            optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 1.0}},
            resume=resume,
            default_scope='mmseg',
            default_hooks={
                'checkpoint': {'type': 'AtomicCheckpointHook', 'interval': 4},
                'stop': {'type': 'GracefulStopHook'},
            },
            custom_hooks=[{'type': 'EMAHook', 'momentum': 0.5}],
            experiment_name=f'{tmp_path.name}_{folder}_{resume}',
        )

    return _make


def weights(runner):
    """Trained and averaged weight."""
    (hook,) = (h for h in runner.hooks if isinstance(h, EMAHook))
    return runner.model.weight.item(), hook.ema_model.module.weight.item()


def test_stop_in_validation_saves_the_trained_weights(make, tmp_path):
    whole = make('whole')
    whole.train()
    with pytest.raises(StoppedError):
        make('work', stopped=True).train()
    saved = torch.load(tmp_path / 'work' / 'epoch_2.pth', weights_only=True)
    assert saved['ema_state_dict']['module.weight'].item() == 4
    assert saved['state_dict']['weight'].item() < 4
    resumed = make('work', resume=True)
    resumed.train()
    assert weights(resumed) == weights(whole)


def test_a_training_that_fails_gives_the_signals_back(make, monkeypatch):
    def fail(*args, **kwargs):
        assert signal.getsignal(signal.SIGTERM) != before[1]
        raise ZeroDivisionError

    before = [signal.getsignal(number) for number in SIGNALS]
    monkeypatch.setattr(OneWeight, 'forward', fail)
    with pytest.raises(ZeroDivisionError):
        make('work').train()
    assert [signal.getsignal(number) for number in SIGNALS] == before
