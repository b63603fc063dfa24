_base_ = [
    '_base_/datasets/voc12_seeds.py',
    '_base_/schedules/affinitynet_8e.py',
    '_base_/default_runtime.py',
]
# AffinityNet on Wide-ResNet38. Values are those of its released code.
model = dict(
    type='AffinityNet',
    data_preprocessor=dict(
        type='WeakLabelDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(448, 448),
        pad_val=0,  # the pixel mean, since images are normalised by then
        seg_pad_val=255,
    ),
    backbone=dict(
        type='WideResNet38',
        out_indices=(2, 3, 5),  # conv4, conv5, conv6
        frozen_stages=1,  # the stem and b2
        norm_eval=True,
        # Weights of that code (res38_cls.pth) load by their own names.
        init_cfg=dict(
            type='Pretrained',
            checkpoint='weights/res38_cls.pth',
        ),
    ),
    head=dict(
        type='AffinityHead',
        in_channels=(512, 1024, 4096),
        channels=(64, 128, 256),
    ),
    radius=5,
    loss_affinity=dict(type='AffinityLoss'),
    test_cfg=dict(bg_alpha=16.0, beta=8.0, exp_times=8),
)
# As released: no rescaling, crop 448. Colour jitter is left out.
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
    dict(type='RandomCrop', crop_size=(448, 448)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackLabelMapInputs'),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
