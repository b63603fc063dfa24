"""A real Runner whose steps take as long as a clock of ours says."""

import re

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner

from projects.amr.engine.hooks import timed_logger_hook

LINE = re.compile(r'(Epoch|Iter)\((\w+)\)\s+(?:\[\s*\d+\])?\[\s*(\d+)/\d+\]')


class Clock:
    """Seconds that pass in steps alone."""

    now = 0.0

    def monotonic(self):
        return self.now


class SlowModel(BaseModel):
    """Each step takes a given time."""

    def __init__(self, clock, seconds):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.clock = clock
        self.seconds = seconds

    def forward(self, inputs, mode='tensor'):
        self.clock.now += self.seconds
        loss = (self.weight * inputs.float()).sum()
        return {'loss': loss} if mode == 'loss' else [loss]


class NoMetric(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return {'none': 0.0}


LOOPS = ('train', 'val', 'test')


def loader(steps):
    return dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=torch.utils.data.TensorDataset(torch.ones(steps, 1)),
        collate_fn=lambda items: {
            'inputs': torch.stack([i[0] for i in items])
        },
    )


@pytest.fixture
def logged(tmp_path, monkeypatch):
    """Steps that have a line, by loop, of a run with slow steps."""

    def _run(seconds, steps=12, interval=50):
        clock = Clock()
        folder = tmp_path / f'{seconds}-{steps}-{interval}'
        monkeypatch.setattr(timed_logger_hook, 'time', clock)
        runner = Runner(
            model=SlowModel(clock, seconds),
            work_dir=str(folder),
            train_dataloader=loader(steps),
            val_dataloader=loader(steps),
            test_dataloader=loader(steps),
            train_cfg=dict(
                by_epoch=False, max_iters=steps, val_interval=steps
            ),
            val_cfg={},
            test_cfg={},
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            val_evaluator=[NoMetric()],
            test_evaluator=[NoMetric()],
            default_hooks=dict(
                logger=dict(type='TimedLoggerHook', interval=interval)
            ),
            log_processor=dict(by_epoch=False),
            default_scope='mmseg',
            experiment_name=f'{tmp_path.name}-{folder.name}',
        )
        runner.train()
        runner.test()
        found = {'train': [], 'val': [], 'test': []}
        for path in folder.rglob('*.log'):
            for line in path.read_text().splitlines():
                if 'eta: ' in line and (match := LINE.search(line)):
                    found[match[2]].append(int(match[3]))
        return found

    return _run


def test_slow_steps_have_a_line_before_half_a_minute_passes(logged):
    """Of 14 seconds each: two are 28, a third would make 42."""
    assert logged(14) == {loop: [2, 4, 6, 8, 10, 12] for loop in LOOPS}


def test_fast_steps_have_those_of_the_interval_alone(logged):
    assert logged(0.5, interval=5) == {loop: [5, 10] for loop in LOOPS}


def test_a_line_of_the_interval_starts_the_half_minute_anew(logged):
    """5 steps of 4 seconds; by the clock alone the lines are at 7 and 14.

    LoggerHook itself speaks at the end of an epoch shorter than the interval.
    """
    assert logged(4, steps=17, interval=5)['train'] == [5, 10, 15]
    assert logged(4, steps=17)['train'] == [7, 14, 17]
