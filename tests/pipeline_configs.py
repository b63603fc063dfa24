"""A pipeline of tiny stages: classifier, CAMs, seeds, segmentor, test."""

import json
from pathlib import Path

from mmengine.config import Config
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor

TEXT = """
name = 'tiny'
title = 'Tiny'
toy = True
seed = 0
data_root = {root!r}
stages = [
    dict(
        name='cam_train',
        kind='train',
        config={cam!r},
        arguments=['--no-pretrained'],
    ),
    dict(
        name='cam_make',
        kind='test',
        config={cam!r},
        checkpoint='{{cam_train.checkpoint}}',
        outputs=['cams'],
    ),
    dict(
        name='seeds',
        kind='test',
        tool='make_seeds.py',
        config='configs/toy/seeds_toyvoc.py',
        outputs=['labels'],
        env=dict(CAM_DIR='{{cam_make.cams}}', TOYVOC_ROOT=data_root),
        cfg_options={{
            'label_transform.fg_thr': 0.3,
            'label_transform.bg_thr': 0.1,
            'test_dataloader.dataset.ann_file':
                'ImageSets/Segmentation/train.txt',
        }},
    ),
    dict(
        name='seg_train',
        kind='train',
        config={seg!r},
        cfg_options={{
            'train_dataloader.dataset.data_prefix.seg_map_path':
                '{{seeds.labels}}'
        }},
    ),
    dict(
        name='seg_val',
        kind='test',
        config={seg!r},
        checkpoint='{{seg_train.checkpoint}}',
        outputs=['labels'],
    ),
]
headline = [
    dict(label='CAM', stage='cam_make', metric='cam/mIoU_fixed'),
    dict(label='val', stage='seg_val', metric='mIoU'),
]
roles = dict(
    images=data_root + '/JPEGImages',
    masks=data_root + '/SegmentationClass',
    cams='{{cam_make.cams}}',
    seeds='{{seeds.labels}}',
)
"""


def write_pipeline(root: Path, folder: Path) -> Path:
    """Write the pipeline config and its two stage configs."""
    paths = {}
    for name, cfg in (
        ('cam', tiny_config(root, folder / 'x')),
        ('seg', tiny_segmentor(root, folder / 'x')),
    ):
        for key in ('work_dir', 'launcher', 'experiment_name'):
            cfg.pop(key, None)
        cfg.class_file = ''
        paths[name] = str(folder / f'{name}.py')
        text = cfg.pretty_text.replace(
            repr(str(root)), f"'{{{{$VOC_ROOT:{root}}}}}'"
        )
        before = "class_file = ''"
        assert before in text
        after = "class_file = os.environ.get('CLASS_FILE', '')"
        text = 'import os\n' + text.replace(before, after)
        Path(paths[name]).write_text(text)
    path = folder / 'tiny_pipeline.py'
    path.write_text(TEXT.format(root=str(root), **paths))
    return path


def edited(path: Path, *changes: tuple[str, str]) -> Path:
    """A copy of a config with replaced text, under another name."""
    text = path.read_text()
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    copy = path.with_name(f'{path.stem}_edited.py')
    copy.write_text(text)
    Config.fromfile(copy)
    return copy


def figures(work_dir: Path) -> dict:
    """Metrics by stage, of a pipeline's summary."""
    summary = json.loads((work_dir / 'summary.json').read_text())
    return {stage['name']: stage['metrics'] for stage in summary['stages']}
