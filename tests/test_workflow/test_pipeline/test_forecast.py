"""A chain's time: records of earlier runs, else passes of the networks."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from runner_configs import tiny_config

from projects.amr.datasets.images.image_ids import read_id_list
from projects.amr.workflow.pipeline import forecast
from projects.amr.workflow.pipeline.records import StageRecord
from projects.amr.workflow.pipeline.stages import Stage
from projects.amr.workflow.pipeline.workspace import Workspace

TOY = Path(__file__).resolve().parents[3] / 'configs' / 'toy'
SEEDS = Stage('seeds', 'tool', tool='make_seeds.py')
VIEWS = 0.5**2 + 1.0**2  # scales of tiny_config


@pytest.fixture
def chain(toy_root, tmp_path, monkeypatch):
    """Tiny stages; a pass takes a minute an image, in training three."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(
        forecast, '_timed', lambda cfg, size, train=True: 180 if train else 60
    )
    path = tmp_path / 'tiny.py'
    tiny_config(toy_root, tmp_path).dump(path)
    stages = [
        Stage('fit', 'train', str(path)),
        SEEDS,
        Stage('score', 'test', str(path), arguments=('--tta',)),
    ]
    return Workspace(tmp_path, stages)


def images(toy_root, name):
    return len(read_id_list(toy_root / f'ImageSets/Segmentation/{name}.txt'))


def test_images_epochs_and_views_are_multiplied(chain, toy_root):
    cfg = Config.fromfile(chain.stages[0].config)
    lists = [
        Path(cfg[f'{name}_dataloader'].dataset.ann_file).stem
        for name in ('train', 'val', 'test')
    ]
    train, val, test = (images(toy_root, name) for name in lists)
    flip = [[{'type': 'RandomFlip', 'prob': p} for p in (0.0, 1.0)]]
    cfg.tta_pipeline = [dict(type='TestTimeAug', transforms=flip)]
    cfg.dump(chain.stages[0].config)
    fit, score = 3 * train + VIEWS * val, 2 * VIEWS * test
    text = forecast.forecast(chain, chain.stages)
    assert text == (
        f'about {forecast.minutes(60 * (fit + score))} or more to go: '
        f'fit {forecast.minutes(60 * fit)}, '
        f'score {forecast.minutes(60 * score)}; not counted: seeds'
    )


def test_iterations_times_batch_and_scales(chain, toy_root):
    cfg = Config.fromfile(chain.stages[0].config)
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=70, val_interval=100
    )
    cfg.model.scales = (1.0, 0.5)
    cfg.dump(chain.stages[0].config)
    text = forecast.forecast(chain, chain.stages[:1])
    assert f'fit {forecast.minutes(70 * 2 * 1.25 * 180)}' in text


def test_a_stage_takes_as_long_as_last_time(chain):
    for stage, seconds in zip(chain.stages, (30, 90, 7200), strict=True):
        folder = chain.folder(stage.name)
        folder.mkdir()
        StageRecord({}, {}, {}, seconds=seconds).save(folder)
    assert forecast.forecast(chain, chain.stages) == (
        'about 2 h 2 min or more to go: fit 1 min, seeds 2 min, score 2 h 0 '
        'min'
    )


def test_nothing_is_said_before_the_lists_are_there(chain):
    cfg = Config.fromfile(chain.stages[0].config)
    cfg.test_dataloader.dataset.ann_file = 'not/made/yet.txt'
    cfg.tta_pipeline = []
    cfg.dump(chain.stages[0].config)
    assert forecast.forecast(chain, chain.stages) is None
    assert forecast.forecast(chain, [SEEDS]) is None


@pytest.mark.parametrize(
    'name',
    ['amr_r26', 'irnet_r26', 'deeplabv2_r26', 'affinitynet_wrn38'],
)
def test_passes_of_each_kind_of_network_are_timed(name, monkeypatch):
    monkeypatch.setattr(forecast, '_PATIENCE', 0.01)
    monkeypatch.setattr(forecast, '_known', {})
    cfg = Config.fromfile(TOY / f'{name}_toyvoc.py')
    found = [forecast._timed(cfg, (48, 64), train) for train in (True, False)]
    assert all(0 < seconds < 60 for seconds in found)
    assert forecast._timed(cfg, (48, 64)) == found[0]  # not measured again
