# Seeds for affinity networks on EfficientNet-Lite: photos of 200 to 600
# pixels (IRNet: 0.5 to 1.5 times their size), crops of 256.
_base_ = './voc12_seeds.py'
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
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
train_dataloader = dict(
    num_workers=2,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline),
)
test_dataloader = dict(num_workers=2)
