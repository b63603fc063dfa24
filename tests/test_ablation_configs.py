"""Each ablation changes what its name says of the config it inherits from."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config

CONFIGS = Path(__file__).parents[1] / 'configs'
ABLATIONS = sorted(CONFIGS.glob('ablations/**/*_r*_*.py'))
FIRST_BASE = re.compile(r"^_base_ = \[?\s*'([^']+)'", re.MULTILINE)
AMM = 'model.compensation.backbone.plugins'
FACTORS = {
    'no-cps': {'model.loss_cps'},
    'no-amm': {AMM},
    'no-amm-no-cps': {'model.loss_cps'},  # of its parent, no-amm
    'cps0.05': {'model.loss_cps.loss_weight'},
    'channel': {AMM},
    'spatial': {AMM},
    'threshold': {AMM},
    'xi0.1': {'model.xi'},
    'xi0.3': {'model.xi'},
    'xi0.7': {'model.xi'},
    'xi0.9': {'model.xi'},
    'erase0.3': {'model.erase_thr'},
    'erase0.5': {'model.erase_thr'},
    'mlp': {AMM},
    'max-mean': {AMM},
    'batch-stats': {AMM},
    'density': {AMM},
    'pairing': {'model.loss_cps.rectify', 'model.loss_cps.pairing'},
    'frozen-layer1': {'model.compensation.backbone.frozen_stages'},
    'detached-spotlight': {
        'model.detach_spotlight',
        'model.spotlight.init_cfg',
    },
    'lr-compensation': {'optim_wrapper.paramwise_cfg'},
    'no-momentum': {'optim_wrapper.optimizer.momentum'},
    'release': {
        'amm',
        AMM,
        'model.loss_cps.rectify',
        'model.loss_cps.pairing',
        'model.compensation.backbone.frozen_stages',
        'model.detach_spotlight',
        'model.spotlight.init_cfg',
        'optim_wrapper.paramwise_cfg',
        'optim_wrapper.optimizer.momentum',
    },
    '16e': {'train_cfg.max_epochs', 'param_scheduler.end'},
    '24e': {'train_cfg.max_epochs', 'param_scheduler.end'},
}


def changed_keys(parent, child, prefix='') -> set[str]:
    """Dotted names of what differs; a part that is gone counts once."""
    keys = set()
    for key in {*parent, *child}:
        before, after = parent.get(key), child.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            keys |= changed_keys(before, after, f'{prefix}{key}.')
        elif before != after:
            keys.add(f'{prefix}{key}')
    return keys


@pytest.mark.parametrize('path', ABLATIONS, ids=lambda path: path.stem)
def test_the_name_says_what_changes(path):
    text = path.read_text()
    parent = path.parent / FIRST_BASE.search(text)[1]
    assert text.startswith('#'), 'a comment says which table and number'
    before, after = (
        Config.fromfile(file).to_dict() for file in (parent, path)
    )
    name = path.stem.split('_')[-1]
    assert changed_keys(before, after) == FACTORS[name]


@pytest.mark.parametrize(
    'name', ['amr_r50_voc', 'toy/amr_r26_toyvoc'], ids=['voc', 'toy']
)
def test_values_are_those_of_the_tables(name):
    folder = CONFIGS / 'ablations' / Path(name).parent
    stem = Path(name).stem

    def model(variant):
        return Config.fromfile(folder / f'{stem}_{variant}.py').model

    def amm(variant):
        return model(variant).compensation.backbone.plugins[0].cfg

    assert [model(f'xi{xi}').xi for xi in (0.1, 0.3, 0.7, 0.9)] == [
        0.1,
        0.3,
        0.7,
        0.9,
    ]
    assert amm('threshold').modulation.type == 'threshold'
    assert amm('no-cps_channel').spatial is False
    assert amm('no-cps_spatial').channel is False
    assert model('no-cps_channel').loss_cps is None


def test_toy_release_has_the_switches_of_the_released_code():
    """All but the CAMs, which are plain ones, the learning rate and eps."""
    toy = Config.fromfile(CONFIGS / 'ablations/toy/amr_r26_toyvoc_release.py')
    voc = Config.fromfile(CONFIGS / 'amr_r50_voc_release.py')
    # Without it nothing is finite behind closed residual branches.
    assert toy.amm.modulation.pop('eps') == 1e-5
    assert voc.amm.modulation.pop('eps') == 0
    assert toy.amm == voc.amm
    (plugin,) = toy.model.compensation.backbone.plugins
    assert plugin.cfg.modulation.pop('eps') == 1e-5
    assert plugin.cfg == voc.amm
    assert toy.model.loss_cps == voc.model.loss_cps
    assert toy.model.detach_spotlight is voc.model.detach_spotlight is True
    for key in ('paramwise_cfg', 'optimizer.momentum'):
        own, theirs = toy.optim_wrapper, voc.optim_wrapper
        for part in key.split('.'):
            own, theirs = own[part], theirs[part]
        assert own == theirs, key
    stages = [
        cfg.model.compensation.backbone.frozen_stages for cfg in (toy, voc)
    ]
    assert stages == [1, 1]
    plain = Config.fromfile(CONFIGS / 'toy/amr_r26_toyvoc.py')
    assert toy.model.test_cfg == plain.model.test_cfg


def test_toy_release_is_all_of_the_single_switches():
    """What a switch's own config changes, the release changes too."""
    stem = 'ablations/toy/amr_r26_toyvoc_'
    singles = sorted(CONFIGS.glob(f'{stem}cps0.05_*.py'))
    assert len(singles) == 9
    together = set()
    for path in singles:
        together |= FACTORS[path.stem.split('_')[-1]]
    assert together | {'amm'} == FACTORS['release']
