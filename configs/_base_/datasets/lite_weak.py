# Weak labels for networks on EfficientNet-Lite: photos of 256 to 400 pixels,
# crops of 256. Padded with the middle of the weights' range.
_base_ = './voc12_weak.py'
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='RandomResizeLongestSide', min_side=256, max_side=400),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomCropOrPad',
        crop_size=(256, 256),
        pad_val=(127.5, 127.5, 127.5),
    ),
    dict(type='PackWeakLabelInputs'),
]
train_dataloader = dict(
    num_workers=2,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = None
val_evaluator = None
test_dataloader = dict(batch_size=8, num_workers=2)
