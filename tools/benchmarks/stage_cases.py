"""Cases that ``stage_costs.py`` times: stages on ToyVOC, part by part.

A case is a list of parts that run in turn, each on the answer of the one
before. Networks are those of the configs with random weights; images, masks
and CAM records are of ToyVOC at the wanted size.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import measuring
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS, TRANSFORMS

from projects.amr.datasets.toy_voc import (
    PRESETS,
    class_names,
    generate_toy_voc,
)
from projects.amr.ops.cam import cam_to_label
from projects.amr.ops.pseudo_label import walk_to_scores
from projects.amr.structures import CAMRecord, load_label_map, save_label_map
from projects.amr.structures.label_space import classes_in_mask

Parts = dict[str, Callable]
CONFIGS = {
    'classifier': ('amr_r50_voc.py', 'toy/amr_r26_toyvoc.py'),
    'affinity': ('irnet_r50_voc.py', 'toy/irnet_r26_toyvoc.py'),
    'segmentor': ('deeplabv2_r101_voc.py', 'toy/deeplabv2_r26_toyvoc.py'),
}
_SIDES = ('min_side', 'max_side', 'crop_size', 'scale')


def make_data(root: Path, size: tuple[int, int], small: bool) -> None:
    """Draw a few images of a size, with CAM records as good as masks."""
    base = PRESETS['demo' if small else 'scale']
    small_sides = {} if small else {'texture_period': 6}
    spec = replace(
        base,
        num_train=4,
        num_val=2,
        num_extra=0,
        size=tuple(size),
        other_sizes=(),
        size_jitter=0,  # batches of one size
        **(small_sides if min(size) < 200 else {}),
    )
    generate_toy_voc(root, spec)
    (root / 'cams').mkdir(exist_ok=True)
    for path in (root / 'SegmentationClass').glob('*.png'):
        mask, _ = load_label_map(path)
        classes = classes_in_mask(mask)
        maps = [0.9 * (mask == k + 1)[::4, ::4] for k in classes]
        record = CAMRecord(classes, np.array(maps), mask.shape)
        record.save(root / f'cams/{path.stem}.npz')


def load_config(name: str, options) -> Config:
    """A config of ours on that data, its crops scaled to the size."""
    root = Path(options.data)
    os.environ['SEED_DIR'] = os.environ['LABEL_DIR'] = str(
        (root / 'SegmentationClass').resolve()
    )
    os.environ['CAM_DIR'] = str(root / 'cams')
    folder = measuring.ROOT / 'configs'
    cfg = Config.fromfile(folder / CONFIGS[name][options.small])
    factor = max(options.size) / (96 if options.small else 500)
    _scale_sides(cfg.train_dataloader.dataset.pipeline, factor)
    _scale_sides([cfg.model.data_preprocessor], factor, ('size',))
    classes = class_names(4 if options.small else 20)
    for split in ('train', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        dataset.data_root = str(root)
        dataset.metainfo = dict(classes=('background', *classes))
    return cfg


def _scale_sides(configs: list, factor: float, keys=_SIDES) -> None:
    """Multiply the lengths in pixels of configs."""
    for config in configs:
        for key in keys:
            value = config.get(key)
            if isinstance(value, int):
                config[key] = round(value * factor)
            elif value:
                config[key] = tuple(round(v * factor) for v in value)


def build(name: str, options, split: str, changes: dict | None = None):
    """A model and a function that loads a batch."""
    init_default_scope('mmseg')
    MMLogger.get_current_instance().setLevel('ERROR')
    torch.manual_seed(0)
    cfg = load_config(name, options)
    cfg.merge_from_dict(changes or {})
    dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
    model = MODELS.build(cfg.model).to(options.device)
    model.train(split == 'train')

    def load(_):
        items = [dataset[i % len(dataset)] for i in range(options.batch)]
        return pseudo_collate(items)

    return model, load


def training(name: str, options) -> Parts:
    """Load, forward, and backward with the optimiser's step."""
    model, load = build(name, options, 'train')
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(weights, lr=1e-6, momentum=0.9)

    def forward(batch):
        data = model.data_preprocessor(batch, True)
        losses = model(**data, mode='loss')
        return model.parse_losses(losses)[0]

    def backward(loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return {'data': load, 'forward': forward, 'backward': backward}


def predicting(name: str, options, write: Callable) -> Parts:
    """Load, predict and write the items."""
    model, load = build(name, options, 'test')

    @torch.no_grad()
    def network(batch):
        return model.test_step(batch)

    def write_all(samples):
        for sample in samples:
            write(sample, Path(options.data))

    return {'data': load, 'network': network, 'write': write_all}


def write_record(sample, root: Path) -> None:
    """Write a classifier's maps, as CAMGenerationHook does."""
    pred = sample.pred_cam
    cams = {name: pred.get(name).cpu().numpy() for name in pred.maps}
    final = cams.pop(pred.final)
    record = CAMRecord(pred.classes, final, pred.size, branches=cams)
    record.save(root / f'{sample.img_id}.made.npz')


def write_labels(sample, root: Path) -> None:
    """Write a segmentor's labels, as LabelMapWriterHook does."""
    labels = sample.pred_sem_seg.data[0].cpu().numpy().astype(np.uint8)
    save_label_map(root / f'{sample.img_id}.made.png', labels, key='')


def seeds(options) -> Parts:
    """Load image and record, find the seeds with both CRFs, write them."""
    init_default_scope('mmseg')
    root = Path(options.data)
    loaders = [
        TRANSFORMS.build(dict(type='LoadWeakLabelImage')),
        TRANSFORMS.build(
            dict(type='LoadCAMRecord', cam_dir=str(root / 'cams'))
        ),
    ]
    make = TRANSFORMS.build(dict(type='GenerateSeed', recipe='irn'))
    ids = sorted(path.stem for path in (root / 'cams').glob('*.npz'))

    def load(_):
        items = []
        for img_id in (ids * options.batch)[: options.batch]:
            path = str(root / f'JPEGImages/{img_id}.jpg')
            item = {'img_id': img_id, 'img_path': path}
            for loader in loaders:
                item = loader(item)
            items.append(item)
        return items

    def write(items):
        for item in items:
            path = root / f'{item["img_id"]}.seed.png'
            save_label_map(path, item['gt_seg_map'], key='')

    return {
        'data': load,
        'crf': lambda items: [make(item) for item in items],
        'write': write,
    }


def walk(options) -> Parts:
    """Load, find boundaries, walk, and write the pseudo labels."""
    model, load = build('affinity', options, 'test')
    settings, bg_thr = model.walk_settings(), model.test_cfg['bg_thr']

    @torch.no_grad()
    def network(batch):
        data = model.data_preprocessor(batch, False)
        images, samples = data['inputs'], data['data_samples']
        found = [model.predict_boundary(image) for image in images]
        return list(zip(images, samples, found, strict=True))

    @torch.no_grad()
    def walks(items):
        results = []
        for image, sample, boundary in items:
            size = tuple(image.shape[-2:])
            cam = model.input_cam(image, sample)
            maps = walk_to_scores(cam, boundary, size, **settings)
            classes = torch.as_tensor(sample.cam_input.classes).long()
            labels = cam_to_label(maps, classes.to(maps.device), size, bg_thr)
            results.append((sample.img_id, labels.cpu().numpy()))
        return results

    def write(results):
        for img_id, labels in results:
            path = Path(options.data) / f'{img_id}.walk.png'
            save_label_map(path, labels.astype(np.uint8), key='')

    return {'data': load, 'network': network, 'walk': walks, 'write': write}


def make_case(stage: str, options) -> Parts:
    """The parts of a stage of ``cost_model.STAGES``."""
    name, _, kind = stage.partition('_')
    if kind == 'train':
        return training(name, options)
    return {
        'cams': lambda: predicting('classifier', options, write_record),
        'seeds': lambda: seeds(options),
        'walk': lambda: walk(options),
        'segmentor_test': lambda: predicting(
            'segmentor', options, write_labels
        ),
    }[stage]()
