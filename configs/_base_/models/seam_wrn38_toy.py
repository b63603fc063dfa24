# seam_wrn38.py at an eighth of the width and from random weights, so nothing
# is frozen: same classes, small sizes.
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
        width_divisor=8,
        dropout=(0.0, 0.0),  # too much for so few channels (by trial)
        norm_eval=False,
    ),
    head=dict(type='CAMHead', in_channels=512, num_classes=4),
    pcm=dict(
        type='PixelCorrelation', in_channels=(64, 128), channels=(16, 32)
    ),
    # 0.3 would leave 29 pixels (a guess).
    view_scale=0.5,
    loss_cls=dict(type='MultiLabelSoftMarginLoss'),
    loss_min=dict(type='AdaptiveMinPoolingLoss', share=0.25),
    # With weight 1, and nothing learned before, the classes are learned far
    # more slowly (a guess, found by trial).
    loss_er=dict(type='EquivariantRegularizationLoss', loss_weight=0.1),
    loss_ecr=dict(type='EquivariantCrossRegularizationLoss', top_share=0.2),
    test_cfg=dict(
        type='MultiScaleCAM',
        scales=(0.5, 1.0, 1.5, 2.0),
        flip=True,
        output_stride=2,
    ),
)
