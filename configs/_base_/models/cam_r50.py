# Single classifier, the "Baseline" of Table 3.
model = dict(
    type='CAMClassifier',
    data_preprocessor=dict(
        type='WeakLabelDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(512, 512),
    ),
    backbone=dict(
        type='ResNet',
        depth=50,  # Implementation Details
        out_indices=(3,),
        # Output stride 16: not in the paper; released code.
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 1),
        # BatchNorm on running statistics, stem frozen: not in the paper;
        # released code.
        norm_eval=True,
        frozen_stages=0,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/'
            'resnet50-0676ba61.pth',
        ),
    ),
    head=dict(type='CAMHead', in_channels=2048, num_classes=20),
    loss_cls=dict(type='MultiLabelSoftMarginLoss'),  # Eq. 9
    test_cfg=dict(
        type='MultiScaleCAM',
        # not in the paper; released code
        scales=(0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0),
        flip=True,
        output_stride=4,
    ),
)
