# deeplabv2_r101_voc.py at a quarter of the width, with two blocks a stage and
# from random weights, so BatchNorm is trained: same classes, small sizes.
_base_ = '../deeplabv2_r101_voc.py'

from os import path as osp

model = dict(
    scales=(1.0, 0.75),  # half of a toy object is too little (a guess)
    data_preprocessor=dict(size=(96, 96)),
    backbone=dict(
        _delete_=True,
        type='ShallowResNet',
        depth=26,
        stem_channels=16,
        base_channels=16,
        out_indices=(3,),
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 1, 1),
    ),
    decode_head=dict(
        in_channels=512,
        num_classes=5,
        # Maps are 12 pixels wide here, not 41 (a guess).
        dilations=(1, 2, 3, 4),
    ),
)
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
toy_metainfo = dict(classes=('background', 'alvo', 'bimi', 'coru', 'dexa'))
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
toy_set = dict(metainfo=toy_metainfo, data_root=data_root)
toy_loader = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(
    dataset=dict(
        data_prefix=dict(seg_map_path=label_dir),
        pipeline=train_pipeline,
        **toy_set,
    ),
    **toy_loader,
)
val_dataloader = dict(dataset=toy_set, **toy_loader)
test_dataloader = val_dataloader
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
