# Table 6, SEAM: 55.4. Values are those of its released code. Weak labels are
# those of the XML annotations, as in its script; its README makes them from
# the masks.
_base_ = [
    '_base_/datasets/voc12_weak.py',
    '_base_/schedules/schedule_8e.py',
    '_base_/default_runtime.py',
]
# SEAM on Wide-ResNet38. Values are those of its released code
# (YudeWang/SEAM, network/resnet38_SEAM.py and train_SEAM.py).
model = dict(
    type='SEAM',
    data_preprocessor=dict(
        type='WeakLabelDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(448, 448),
    ),
    backbone=dict(
        type='WideResNet38',
        out_indices=(2, 3, 5),  # conv4, conv5, conv6
        frozen_stages=1,  # the stem and b2
        norm_eval=True,
        # Weights of that code (res38_cls.pth, the same as AffinityNet's) load
        # by their own names.
        init_cfg=dict(
            type='Pretrained',
            checkpoint='weights/res38_cls.pth',
        ),
    ),
    head=dict(
        type='CAMHead',
        in_channels=4096,
        num_classes=20,
        dropout=0.5,
        init_cfg=dict(type='Xavier', layer='Conv2d', distribution='uniform'),
    ),
    pcm=dict(
        type='PixelCorrelation', in_channels=(512, 1024), channels=(64, 128)
    ),
    view_scale=0.3,
    loss_cls=dict(type='MultiLabelSoftMarginLoss'),
    loss_min=dict(type='AdaptiveMinPoolingLoss', share=0.25),
    loss_er=dict(type='EquivariantRegularizationLoss'),
    loss_ecr=dict(type='EquivariantCrossRegularizationLoss', top_share=0.2),
    test_cfg=dict(
        type='MultiScaleCAM',
        scales=(0.5, 1.0, 1.5, 2.0),
        flip=True,
        output_stride=4,
    ),
)
# SEAM's released training: 8 epochs of batches of 8, lr 0.01, ten times that
# for the new layers; the poly schedule is schedule_8e.py's.
auto_scale_lr = dict(base_batch_size=8)  # released code
optim_wrapper = dict(
    # Momentum: the released poly optimiser passes weight decay in SGD's
    # momentum slot.
    optimizer=dict(lr=0.01, momentum=5e-4, weight_decay=5e-4),
    paramwise_cfg=dict(
        custom_keys={
            'head': dict(lr_mult=10),
            'pcm': dict(lr_mult=10),
            # The new layers of a compensation branch, by the same rule.
            'amm': dict(lr_mult=10),
        }
    ),
)
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='RandomResizeLongestSide', min_side=448, max_side=768),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='mmpretrain.ColorJitter',
        brightness=0.3,
        contrast=0.3,
        saturation=0.3,
        hue=0.1,
    ),
    dict(type='RandomCropOrPad', crop_size=(448, 448)),
    dict(type='PackWeakLabelInputs'),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.26),
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
