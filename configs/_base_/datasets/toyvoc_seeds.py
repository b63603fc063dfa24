# voc12_seeds.py on ToyVOC.
_base_ = []  # first, see default_runtime.py

from os import path as osp

toy_metainfo = dict(classes=('background', 'alvo', 'bimi', 'coru', 'dexa'))
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
# Absolute, since relative folders are looked for under data_root.
seed_dir = osp.abspath('{{$SEED_DIR:work_dirs/seeds_toyvoc/labels}}')
cam_dir = '{{$CAM_DIR:work_dirs/toy/cam_r26_toyvoc/cams}}'
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
    dict(
        type='RandomResize',
        resize_type='ResizeNonEmpty',
        scale=(96, 96),
        ratio_range=(0.5, 1.5),  # as on VOC
        keep_ratio=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomCrop', crop_size=(96, 96)),
    dict(type='PackLabelMapInputs'),
]
test_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadMaskIfPresent'),
    dict(type='LoadPartMap'),
    dict(type='LoadCAMRecord', cam_dir=cam_dir),
    dict(type='PackAffinityInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VOCWeakLabelDataset',
        metainfo=toy_metainfo,
        data_root=data_root,
        data_prefix=dict(seg_map_path=seed_dir),
        ann_file='ImageSets/Segmentation/train_aug.txt',
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='VOCWeakLabelDataset',
        metainfo=toy_metainfo,
        data_root=data_root,
        data_prefix=dict(part_map_path='SegmentationPart'),
        ann_file='ImageSets/Segmentation/train.txt',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_evaluator = [
    dict(
        type='CAMIoUMetric',
        bg_thr=0.25,
        parts=('head', 'body'),
        prefix='pseudo',
    ),
]
