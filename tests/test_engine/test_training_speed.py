"""Options that make training faster and must not change it."""

import shutil
import sys

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmseg.registry import DATASETS
from runner_configs import tiny_config, without_chance
from torch._dynamo.utils import counters
from torch_versions import needs_torch_after_2_1

CHANNELS_LAST = {'default_hooks.channels_last.type': 'ChannelsLastHook'}
COMPILED = {'compile.backend': 'eager'}  # traced, not generated


def trained(toy_root, folder, options):
    """Model after one step, with config entries as --cfg-options sets."""
    cfg = without_chance(tiny_config(toy_root, folder))
    cfg.train_dataloader.batch_size = 8
    cfg.experiment_name = f'speed_{folder.parent.name}_{folder.name}'
    cfg.merge_from_dict(options)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner.model


@pytest.fixture(scope='module')
def plain(toy_root, tmp_path_factory):
    torch.manual_seed(0)
    return trained(toy_root, tmp_path_factory.mktemp('speed') / 'plain', {})


def is_channels_last(model):
    weight = model.spotlight.backbone.layer2[0].conv2.weight
    return weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    'options',
    [
        CHANNELS_LAST,
        pytest.param(
            COMPILED,
            marks=needs_torch_after_2_1('cannot trace its own SGD'),
        ),
    ],
)
def test_weights_are_the_same_to_rounding(plain, toy_root, tmp_path, options):
    counters.clear()
    model = trained(toy_root, tmp_path / 'fast', options)
    assert is_channels_last(model) == (options is CHANNELS_LAST)
    assert (counters['stats']['unique_graphs'] > 0) == (options is COMPILED)
    state = model.state_dict()
    for key, value in plain.state_dict().items():
        torch.testing.assert_close(value, state[key], rtol=1e-3, atol=1e-4)


def test_weak_label_training_opens_each_image_and_nothing_else(
    toy_root, tmp_path
):
    root = tmp_path / 'set'
    shutil.copytree(toy_root, root)
    for name in ('SegmentationClass', 'SegmentationPart'):
        shutil.rmtree(root / name)
    cfg = without_chance(tiny_config(root, tmp_path / 'work'))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    opened, listening = [], [True]

    def listen(event, arguments):
        if listening and event == 'open' and str(root) in str(arguments[0]):
            opened.append(str(arguments[0]))

    sys.addaudithook(listen)  # for good, so it must fall silent
    samples = [dataset[index] for index in range(len(dataset))]
    listening.clear()
    images = [dataset.get_data_info(i)['img_path'] for i in range(8)]
    assert opened == images
    assert all('gt_sem_seg' not in s['data_samples'] for s in samples)
    cfg.experiment_name = f'maskless_{tmp_path.name}'
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 4
    batch = pseudo_collate(samples[:2])
    losses = runner.model(
        **runner.model.data_preprocessor(batch, True), mode='loss'
    )
    assert all(loss.isfinite() for loss in losses.values())
