"""About how long stages take: as last time, or by their networks' passes."""

import copy
import math
import time
from collections.abc import Iterable
from pathlib import Path

import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch.utils._pytree import tree_flatten

from projects.amr.datasets.images.image_ids import read_id_list
from projects.amr.runtime.checkpoints.pretrained import drop_pretrained
from projects.amr.runtime.files.fingerprint import config_digest
from projects.amr.workflow.pipeline.records import StageRecord
from projects.amr.workflow.pipeline.stages import Stage
from projects.amr.workflow.pipeline.workspace import StageContext, Workspace

TYPICAL = (375, 500)  # of an image that is tested, as in VOC
# Seconds of passes, of which the fastest counts: another program may hold the
# cores for some of them.
_PATIENCE = 1.5
_known: dict[str, float] = {}


def forecast(space: Workspace, stages: Iterable[Stage]) -> str | None:
    """Say how long stages will take, in one line.

    A stage that ran before takes as long again. Of another training or test
    the network's passes are timed here, on random images: data, labels (CRF,
    random walk), metrics and start-up come on top. ``stages`` are to run. None
    as long as a stage's lists are not there, or on a GPU, where a stage would
    not be alone on it.
    """
    seconds, unknown = {}, []
    for stage in stages:
        record = StageRecord.load(space.folder(stage.name))
        if record is not None:
            seconds[stage.name] = record.seconds
        elif stage.tool:
            unknown.append(stage.name)
        elif torch.cuda.is_available():
            return None
        else:
            try:
                seconds[stage.name] = _passes(StageContext(stage, space))
            # Only an estimate: an earlier stage may make what it reads, or
            # the config has a form that is not known here.
            except Exception:
                return None
    if not seconds:
        return None
    each = ', '.join(f'{name} {minutes(s)}' for name, s in seconds.items())
    rest = f'; not counted: {", ".join(unknown)}' if unknown else ''
    total = minutes(sum(seconds.values()))
    return f'about {total} or more to go: {each}{rest}'


def minutes(seconds: float) -> str:
    """A duration, rounded.

    Example:
        >>> minutes(20), minutes(100), minutes(9000)
        ('1 min', '2 min', '2 h 30 min')
    """
    hours, rest = divmod(math.ceil(seconds / 60), 60)
    return f'{hours} h {rest} min' if hours else f'{rest} min'


def _passes(context: StageContext) -> float:
    """Seconds of all passes of a training or test through its network."""
    cfg = context.cfg
    if context.stage.kind == 'test':
        tta = cfg.tta_pipeline if '--tta' in context.stage.arguments else ()
        return _count(cfg.test_dataloader) * _tested(cfg, tta)
    loader, loop = cfg.train_dataloader, cfg.train_cfg
    if loop.get('max_iters'):
        rounds = loop.max_iters / loop.get('val_interval', math.inf)
        images = loop.max_iters * loader.batch_size
    else:
        rounds = loop.max_epochs / loop.get('val_interval', 1)
        images = loop.max_epochs * _count(loader)
    # DeepLab-v2 trains on several scales of an image.
    scales = cfg.model.get('scales') or (1.0,)
    seconds = images * sum(s * s for s in scales) * _timed(cfg, _crop(cfg))
    if cfg.get('val_cfg'):
        seconds += int(rounds) * _count(cfg.val_dataloader) * _tested(cfg)
    return seconds


def _count(loader: dict) -> int:
    """Images of a loader's list."""
    dataset = loader.dataset
    return len(read_id_list(Path(dataset.data_root, dataset.ann_file)))


def _crop(cfg) -> tuple[int, int]:
    """Size of a training's images."""
    for transform in cfg.train_dataloader.dataset.pipeline:
        if transform.get('crop_size'):
            return tuple(transform['crop_size'])
    return TYPICAL


def _tested(cfg, tta: Iterable[dict] = ()) -> float:
    """Seconds to test an image in all its views."""
    test = cfg.model.get('test_cfg') or {}
    views = sum(s * s for s in test.get('scales') or (1.0,))
    views *= 1 + bool(test.get('flip'))
    for choices in (t for step in tta for t in step.get('transforms', ())):
        views *= sum(
            choice.get('scale_factor', 1.0) ** 2 for choice in choices
        )
    return views * _timed(cfg, TYPICAL, False)


def _timed(cfg, size: tuple[int, int], train: bool = True) -> float:
    """Seconds an image of a pass through the network; back too in training."""
    channels_last = 'channels_last' in cfg.get('default_hooks', {})
    key = config_digest([cfg.model.to_dict(), size, train, channels_last])
    if key not in _known:
        config = copy.deepcopy(cfg.model)
        _known[key] = _time_passes(config, size, train, channels_last)
    return _known[key]


def _time_passes(
    config, size: tuple[int, int], train: bool, channels_last: bool
) -> float:
    """Build the network and time it, at least once after it has warmed up."""
    init_default_scope('mmseg')
    drop_pretrained(config, unfreeze=False)
    model = MODELS.build(config)
    model.train(train)
    if channels_last:  # as by ChannelsLastHook
        model.to(memory_format=torch.channels_last)
    # Small layers take longer per image in a batch of two than of sixteen.
    images = torch.randn(4 if train else 1, 3, *size)
    times, ends = [], time.monotonic() + _PATIENCE
    while len(times) < 2 or time.monotonic() < ends:
        began = time.monotonic()
        with torch.set_grad_enabled(train):
            outputs = tree_flatten(model(images, mode='tensor'))[0]
        if train:
            sum(o.sum() for o in outputs if o is not None).backward()
        times.append(time.monotonic() - began)
    return min(times) / len(images)
