# The plain classifier that the released AMR starts its spotlight from.
_base_ = './cam_r50_voc.py'
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='RandomResizeLongestSide', min_side=320, max_side=640),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomCropOrPad', crop_size=(512, 512)),
    # "cutout", three squares of 128 pixels: released code. Filled with the
    # pixel mean (BGR).
    dict(
        type='RandomCutOut',
        prob=1.0,
        n_holes=3,
        cutout_shape=(128, 128),
        fill_in=(104, 116, 124),
    ),
    dict(type='PackWeakLabelInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(
    # Momentum: as in amr_r50_voc_release.py.
    optimizer=dict(lr=0.01, momentum=1e-4, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}),
)
