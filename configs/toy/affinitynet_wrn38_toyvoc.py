_base_ = [
    '../_base_/datasets/toyvoc_seeds.py',
    '../_base_/schedules/affinitynet_8e.py',
    '../_base_/default_runtime.py',
]
# affinitynet_wrn38.py at a sixteenth of the width, output stride 4 and from
# random weights, so nothing is frozen: same classes, small sizes.
model = dict(
    type='AffinityNet',
    data_preprocessor=dict(
        type='WeakLabelDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(96, 96),
        pad_val=0,
        seg_pad_val=255,
    ),
    backbone=dict(
        type='WideResNet38',
        out_indices=(2, 3, 5),
        strides=(2, 2, 1),
        width_divisor=16,
        norm_eval=False,
    ),
    head=dict(
        type='AffinityHead',
        in_channels=(32, 64, 256),
        channels=(16, 32, 64),
    ),
    # Maps are 24 pixels wide here, not 56: pairs are nearer, the walk is
    # shorter and keeps to likelier pairs (guesses).
    radius=3,
    stride=4,
    test_cfg=dict(bg_alpha=16.0, beta=32.0, exp_times=3),
)
# 37 steps an epoch, not 1,322, from random weights: more epochs and a real
# momentum (guesses).
optim_wrapper = dict(optimizer=dict(lr=0.02, momentum=0.9))
auto_scale_lr = dict(base_batch_size=16)
train_cfg = dict(max_epochs=12)
param_scheduler = dict(end=12)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=4, max_keep_ckpts=1)
)
