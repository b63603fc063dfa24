# BES's boundary network on EfficientNet-Lite 0: irnet_lite0_voc.py's branch
# and schedule, trained on the boundary labels of seeds_voc_bes.py's seeds.
_base_ = './irnet_lite0_voc.py'
model = dict(
    type='BENet',
    loss_boundary=dict(type='BoundaryExplorationLoss'),
    test_cfg=dict(beta=5.0),
)
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
    # At the image's size, as released.
    dict(type='GenerateBoundaryLabel', window=13, share=0.3, difference=0.1),
    dict(
        type='RandomResize',
        resize_type='ResizeNonEmpty',
        scale=(400, 400),
        ratio_range=(0.5, 1.5),
        keep_ratio=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomCrop', crop_size=(256, 256)),
    dict(type='PackLabelMapInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
