# voc12_pseudo.py on ToyVOC.
from os import path as osp

toy_metainfo = dict(classes=('background', 'alvo', 'bimi', 'coru', 'dexa'))
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
label_dir = osp.abspath('{{$LABEL_DIR:work_dirs/toy/irnet_r26_toyvoc/labels}}')
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
    dict(
        type='RandomResize',
        scale=(96, 96),
        # Textures tell the toy classes: less than on VOC (a guess).
        ratio_range=(0.8, 1.2),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=(96, 96)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
pack = dict(
    type='PackSegInputs',
    meta_keys=(
        'img_id',
        'img_path',
        'seg_map_path',
        'ori_shape',
        'img_shape',
        'pad_shape',
        'scale_factor',
        'flip',
        'flip_direction',
        'reduce_zero_label',
    ),
)
test_pipeline = [
    # By this name, since mmseg's MMSegInferencer looks for it.
    dict(type='LoadImageFromFile'),
    dict(type='LoadMaskIfPresent'),
    pack,
]
tta_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='Resize', scale_factor=factor, keep_ratio=True)
                for factor in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
            ],
            [
                dict(type='RandomFlip', prob=0.0),
                dict(type='RandomFlip', prob=1.0),
            ],
            [dict(type='LoadMaskIfPresent')],
            [pack],
        ],
    ),
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
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='OptionalMaskIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
