# Table 6's backbone without SEAM, and what the toy SEAM starts from.
_base_ = [
    '../_base_/datasets/toyvoc_weak.py',
    '../_base_/schedules/toy_12e.py',
    '../_base_/default_runtime.py',
]
# A plain classifier on SEAM's Wide-ResNet38, at an eighth of the width
# and from random weights.
model = dict(
    type='CAMClassifier',
    data_preprocessor=dict(
        type='WeakLabelDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(96, 96),
    ),
    backbone=dict(
        type='WideResNet38',
        # 4 would be a third of the 12 positions; it is 7 % of the 56 on VOC.
        dilations=(1, 1),
        width_divisor=8,
        dropout=(0.0, 0.0),  # too much for so few channels (by trial)
        norm_eval=False,
        zero_init_residual=True,
    ),
    head=dict(type='CAMHead', in_channels=512, num_classes=4),
    loss_cls=dict(type='MultiLabelSoftMarginLoss'),
    test_cfg=dict(
        type='MultiScaleCAM',
        scales=(0.5, 1.0, 1.5, 2.0),
        flip=True,
        output_stride=2,
    ),
)
optim_wrapper = dict(optimizer=dict(lr=0.1))
