"""A whole config on a dozen toy images, for tests with a real Runner."""

from copy import deepcopy
from pathlib import Path

from mmengine.config import Config

from model_configs import amr

TOY = Path(__file__).parents[1] / 'configs' / 'toy' / 'amr_r26_toyvoc.py'


def tiny_config(root: Path, work_dir: Path, model: dict | None = None):
    """The toy config with a tiny model, one epoch and two test scales."""
    cfg = Config.fromfile(TOY)
    model = deepcopy(model or amr())
    for part in (model, model.get('spotlight'), model.get('compensation')):
        if part and 'head' in part:
            part['head']['num_classes'] = 4
    model['data_preprocessor'] = {
        **cfg.model.data_preprocessor,
        'size': (48, 48),
    }
    model['test_cfg'] = {'scales': (0.5, 1.0), 'output_stride': 2}
    cfg.model = model
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.dataset.data_root = str(root)
        loader.batch_size = 2
    cfg.train_dataloader.dataset.pipeline[1].update(min_side=40, max_side=56)
    cfg.train_dataloader.dataset.pipeline[3].crop_size = (48, 48)
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.default_hooks.checkpoint.interval = 1
    # A tiny model of random weights sees nothing of many classes.
    cfg.default_hooks.cam_writer.max_empty = 1.0
    cfg.work_dir = str(work_dir)
    cfg.launcher = 'none'
    return cfg


def without_processes(cfg):
    """Let a config load its data in the process that runs it."""
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader')
        if loader:
            loader.update(num_workers=0, persistent_workers=False)
    return cfg


def contents(folder: Path, suffix: str = '.npz') -> dict[str, bytes]:
    """Contents of the items in a folder, by name."""
    paths = sorted(folder.glob(f'*{suffix}'))
    return {path.name: path.read_bytes() for path in paths}


def without_chance(cfg):
    """A training in which nothing is drawn, and images do not mix.

    However many ranks share a batch, the weights are the same to rounding.
    """
    for name in ('spotlight', 'compensation'):
        cfg.model[name].backbone.norm_eval = True
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    loader = cfg.train_dataloader
    loader.sampler.shuffle = False
    resize = {'type': 'Resize', 'scale': (48, 48), 'keep_ratio': False}
    pipeline = loader.dataset.pipeline
    loader.dataset.pipeline = [pipeline[0], resize, pipeline[-1]]
    return cfg
