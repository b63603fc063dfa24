_base_ = [
    '../_base_/datasets/toyvoc_weak.py',
    '../_base_/schedules/toy_12e.py',
    '../_base_/default_runtime.py',
]
# cam_r50_voc.py at a quarter of the width, half of the blocks, output stride 8
# and from random weights: same classes, small sizes.
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
        type='ShallowResNet',
        depth=26,
        stem_channels=16,
        base_channels=16,
        out_indices=(3,),
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 1, 1),
    ),
    head=dict(type='CAMHead', in_channels=512, num_classes=4),
    loss_cls=dict(type='MultiLabelSoftMarginLoss'),
    test_cfg=dict(
        type='MultiScaleCAM',
        scales=(0.5, 1.0, 1.5, 2.0),  # a guess
        flip=True,
        output_stride=2,
    ),
)
