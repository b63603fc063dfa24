"""Loader processes are bounded by the cores, a choice of the user's is not."""

import pytest
from mmengine.config import Config

from projects.amr import cpu
from projects.amr.workflow.launch import loader_workers
from projects.amr.workflow.launch.loader_workers import fit_workers


def config(**values):
    """Loaders of several kinds."""
    many = dict(num_workers=4, persistent_workers=True, prefetch_factor=2)
    few = dict(num_workers=1, persistent_workers=True)
    return Config(
        dict(
            train_dataloader=dict(many),
            val_dataloader=None,
            test_dataloader=dict(few),
            **values,
        )
    )


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(loader_workers, 'usable_cores', lambda: 2)
    for name in loader_workers._LOCAL_RANKS:
        monkeypatch.delenv(name, raising=False)
    lines = []
    monkeypatch.setattr(
        loader_workers, 'print_log', lambda text, _: lines.append(text)
    )
    return lines


def test_processes_are_as_many_as_cores(two_cores):
    cfg = config()
    fit_workers(cfg)
    assert cfg.train_dataloader == dict(
        num_workers=2, persistent_workers=True, prefetch_factor=2
    )
    assert cfg.test_dataloader.num_workers == 1
    assert len(two_cores) == 1
    fit_workers(cfg)
    assert len(two_cores) == 1


def test_ranks_share_the_cores(two_cores, monkeypatch):
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '3')
    cfg = config()
    fit_workers(cfg)
    assert cfg.train_dataloader.num_workers == 1


@pytest.mark.parametrize(
    ('values', 'options'),
    [
        ({}, ['train_dataloader.num_workers']),
        ({'keep_workers': True}, None),
    ],
)
def test_a_choice_stands(values, options, two_cores):
    cfg = config(**values)
    fit_workers(cfg, options)
    assert cfg.train_dataloader.num_workers == 4
    assert not two_cores


def test_without_processes_nothing_persists(two_cores):
    """torch refuses both settings there."""
    cfg = config()
    cfg.train_dataloader.num_workers = 0
    fit_workers(cfg, ['train_dataloader.num_workers'])
    assert cfg.train_dataloader == dict(
        num_workers=0, persistent_workers=False
    )


@pytest.mark.parametrize(
    ('cores', 'text', 'count'),
    [(1, 'auto', 0), (5, 'auto', 5), (5, '7', 7), (5, '0', 0)],
)
def test_worker_count_of_a_command_line(cores, text, count, monkeypatch):
    monkeypatch.setattr(cpu, 'usable_cores', lambda: cores)
    assert cpu.worker_count(text) == count
