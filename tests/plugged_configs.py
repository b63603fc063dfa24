"""The classifiers of real config files at widths that a test can train."""

from pathlib import Path

from mmengine.config import Config

from projects.amr.runtime.checkpoints.pretrained import drop_pretrained

CONFIGS = Path(__file__).parents[1] / 'configs'
WIDTH = 16  # divides the channels of ResNet-50, ConvNeXt and DeiT
THIN = {
    'ResNet': {'base_channels': 4, 'stem_channels': 4},
    'WideResNet38': {'width_divisor': WIDTH},
    'mmpretrain.ConvNeXt': {
        'arch': {'depths': [1, 1, 1, 1], 'channels': [6, 12, 24, 48]}
    },
    'mmpretrain.VisionTransformer': {
        'arch': {
            'embed_dims': 24,
            'num_layers': 2,
            'num_heads': 2,
            'feedforward_channels': 48,
        },
        'img_size': 48,
    },
    'TimmViT': {
        'options': {
            'embed_dim': 24,
            'depth': 2,
            'num_heads': 2,
            'img_size': 48,
        },
    },
}


def thin_model(path: Path) -> dict:
    """Model of a config with a sixteenth of its channels, random weights."""
    cfg = Config.fromfile(path)
    drop_pretrained(cfg.model)
    model = cfg.model.to_dict()  # what a config names twice becomes two
    _thin(model)
    return model


def _thin(config) -> None:
    """Divide the channels of backbones, heads and modules, in place."""
    if not isinstance(config, dict):
        return
    if config.get('type') in THIN:
        config.update(THIN[config['type']])
    if 'in_channels' in config:
        config['in_channels'] = _divided(config['in_channels'])
    for places in ('stages', 'branches'):
        if config.get(places):
            config[places] = {
                key: _divided(value) for key, value in config[places].items()
            }
    for value in config.values():
        _thin(value)


def _divided(channels):
    """A sixteenth of one count or of several."""
    if isinstance(channels, int):
        return channels // WIDTH
    return tuple(count // WIDTH for count in channels)
