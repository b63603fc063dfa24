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
            checkpoint='{{$WRN38_WEIGHTS:weights/res38_cls.pth}}',
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
