_base_ = [
    '../_base_/models/irnet_r50.py',
    '../_base_/datasets/toyvoc_seeds.py',
    '../_base_/schedules/irn_3e.py',
    '../_base_/default_runtime.py',
]
# irnet_r50_voc.py at a quarter of the width, on the toy classifier's backbone
# instead of ImageNet's: same classes, small sizes.
model = dict(
    data_preprocessor=dict(size=(96, 96)),
    backbone=dict(
        depth=26,
        stem_channels=16,
        base_channels=16,
        strides=(1, 2, 1, 1),
        init_cfg=dict(
            prefix='backbone.',
            checkpoint='work_dirs/cam_r26_toyvoc/epoch_12.pth',
        ),
    ),
    boundary_head=dict(
        in_channels=(16, 64, 128, 256, 512),
        strides=(4, 4, 8, 8, 8),
        channels=16,
    ),
    # Maps are 24 pixels wide here, not 128: pairs are nearer and the walk
    # is shorter (guesses).
    radius=5,
    # IRNet's background threshold for VOC, 0.25, is too low here; this one was
    # chosen on seed 0 of the chain.
    test_cfg=dict(radius=3, exp_times=5, bg_thr=0.45),
)
# 37 steps an epoch, not 661: more epochs (a guess).
train_cfg = dict(max_epochs=12)
param_scheduler = dict(end=12)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=4, max_keep_ckpts=1)
)
# At the model's background threshold, not at AffinityNet's.
test_evaluator = [
    dict(
        type='CAMIoUMetric',
        bg_thr=0.45,
        parts=('head', 'body'),
        prefix='pseudo',
    ),
]
