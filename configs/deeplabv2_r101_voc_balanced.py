# AdvCAM's recipe (arXiv:2103.08896): background and foreground weigh alike,
# 30,000 iterations, images scaled up to twice their size.
_base_ = './deeplabv2_r101_voc.py'
model = dict(
    decode_head=dict(
        loss_decode=dict(_delete_=True, type='BalancedCrossEntropyLoss')
    )
)
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
    dict(
        type='RandomResize',
        resize_type='ResizeNonEmpty',
        scale=(500, 500),
        ratio_range=(0.5, 2.0),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=(321, 321)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackLabelMapInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
param_scheduler = dict(end=30000)
train_cfg = dict(max_iters=30000)
