"""ToyVOC's release has what the released code has."""

from pathlib import Path

from mmengine.config import Config

CONFIGS = Path(__file__).parents[1] / 'configs'


def test_toy_release_has_the_switches_of_the_released_code():
    """All but the CAMs, which are plain ones, the learning rate and eps."""
    toy = Config.fromfile(CONFIGS / 'toy/amr_r26_toyvoc_release.py')
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
