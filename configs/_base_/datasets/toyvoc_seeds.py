# voc12_seeds.py on ToyVOC.
_base_ = './voc12_seeds.py'

from os import path as osp

seed_dir = osp.abspath('{{$SEED_DIR:work_dirs/seeds_toyvoc/labels}}')
cam_dir = '{{$CAM_DIR:work_dirs/cam_r26_toyvoc/cams}}'
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
toy_metainfo = dict(classes=('background', 'alvo', 'bimi', 'coru', 'dexa'))
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
toy_set = dict(metainfo=toy_metainfo, data_root=data_root)
toy_loader = dict(batch_size=16, num_workers=0, persistent_workers=False)
train_dataloader = dict(
    dataset=dict(
        data_prefix=dict(seg_map_path=seed_dir),
        pipeline=train_pipeline,
        **toy_set,
    ),
    **toy_loader,
)
test_dataloader = dict(
    dataset=dict(
        data_prefix=dict(part_map_path='SegmentationPart'),
        pipeline=test_pipeline,
        **toy_set,
    ),
    **toy_loader,
)
test_evaluator = [
    dict(
        type='CAMIoUMetric',
        bg_thr=0.25,
        parts=('head', 'body'),
        prefix='pseudo',
    ),
]
