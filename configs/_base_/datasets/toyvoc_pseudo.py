# voc12_pseudo.py on ToyVOC.
from os import path as osp

_base_ = './segmentor_test_pipelines.py'
toy_metainfo = dict(classes=('background', 'alvo', 'bimi', 'coru', 'dexa'))
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
label_dir = osp.abspath('{{$LABEL_DIR:work_dirs/pseudo_labels_toyvoc/labels}}')
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
    dict(
        type='RandomResize',
        resize_type='ResizeNonEmpty',
        scale=(96, 96),
        # Textures tell the toy classes: less than on VOC (a guess).
        ratio_range=(0.8, 1.2),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=(96, 96)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackLabelMapInputs'),
]
train_dataloader = dict(
    batch_size=10,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='VOCLabelMapDataset',
        metainfo=toy_metainfo,
        data_root=data_root,
        data_prefix=dict(seg_map_path=label_dir),
        ann_file='ImageSets/Segmentation/train_aug.txt',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='VOCLabelMapDataset',
        metainfo=toy_metainfo,
        data_root=data_root,
        ann_file='ImageSets/Segmentation/val.txt',
        pipeline={{_base_.test_pipeline}},
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='OptionalMaskIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
