_base_ = [
    '../_base_/datasets/segmentor_test_pipelines.py',
    '../_base_/schedules/deeplabv2_20k.py',
    '../_base_/default_runtime.py',
]

from os import path as osp

# deeplabv2_r101_voc.py at a quarter of the width, with two blocks a stage and
# from random weights, so BatchNorm is trained: same classes, small sizes.
model = dict(
    type='MultiScaleLossEncoderDecoder',
    scales=(1.0, 0.75),  # half of a toy object is too little (a guess)
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(96, 96),
        pad_val=0,
        seg_pad_val=255,
    ),
    backbone=dict(
        type='ShallowResNet',
        depth=26,
        stem_channels=16,
        base_channels=16,
        out_indices=(3,),
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 1, 1),
    ),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=512,
        num_classes=5,
        # Maps are 12 pixels wide here, not 41 (a guess).
        dilations=(1, 2, 3, 4),
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
    ),
    test_cfg=dict(mode='whole'),
)
tta_model = dict(type='MeanProbabilityTTAModel')
# voc12_pseudo.py on ToyVOC.
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
log_processor = dict(by_epoch=False)
# From random weights there is no head to hurry ahead of a pretrained
# backbone: one learning rate. AdamW, since SGD leaves one seed in three far
# from converged; both values are guesses.
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=0.002, weight_decay=0.01),
    paramwise_cfg=dict(_delete_=True, custom_keys={}),
)
param_scheduler = dict(end=800)
train_cfg = dict(max_iters=800, val_interval=800)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=200, max_keep_ckpts=1)
)
