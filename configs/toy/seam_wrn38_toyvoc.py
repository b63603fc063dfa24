# From the backbone of a trained cam_wrn38_toyvoc.py, as seam_wrn38_voc.py
# starts from ImageNet's. Statistics of BatchNorm are fixed.
_base_ = [
    '../_base_/datasets/toyvoc_weak.py',
    '../_base_/schedules/toy_12e.py',
    '../_base_/default_runtime.py',
]
# seam_wrn38_voc.py's model for small images and four classes.
model = dict(
    type='SEAM',
    data_preprocessor=dict(
        type='WeakLabelDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(96, 96),
    ),
    backbone=dict(
        type='WideResNet38',
        out_indices=(2, 3, 5),
        dilations=(1, 1),
        width_divisor=8,
        dropout=(0.0, 0.0),  # too much for so few channels (by trial)
        frozen_stages=1,  # the stem and b2
        norm_eval=True,
        zero_init_residual=True,  # only with --no-pretrained
        # In the place of weights from ImageNet: the backbone alone, so the
        # head is new, as there.
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone.',
            checkpoint='work_dirs/cam_wrn38_toyvoc/epoch_12.pth',
        ),
    ),
    head=dict(type='CAMHead', in_channels=512, num_classes=4),
    pcm=dict(
        type='PixelCorrelation', in_channels=(64, 128), channels=(16, 32)
    ),
    # 0.3 would leave 29 pixels (a guess).
    view_scale=0.5,
    loss_cls=dict(type='MultiLabelSoftMarginLoss'),
    loss_min=dict(type='AdaptiveMinPoolingLoss', share=0.25),
    loss_er=dict(type='EquivariantRegularizationLoss'),
    loss_ecr=dict(type='EquivariantCrossRegularizationLoss', top_share=0.2),
    test_cfg=dict(
        type='MultiScaleCAM',
        scales=(0.5, 1.0, 1.5, 2.0),
        flip=True,
        output_stride=2,
    ),
)
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.26, parts=('head', 'body')),
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
optim_wrapper = dict(
    optimizer=dict(lr=0.01),
    # As in seam_wrn38_voc.py.
    paramwise_cfg=dict(
        custom_keys={
            'head': dict(lr_mult=10),
            'pcm': dict(lr_mult=10),
            'amm': dict(lr_mult=10),
        }
    ),
)
