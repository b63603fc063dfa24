# Single classifier on EfficientNet-Lite 0.
_base_ = './lite0.py'
model = dict(
    type='CAMClassifier',
    data_preprocessor={{_base_.lite0_preprocessor}},
    backbone={{_base_.lite0}},
    head=dict(type='CAMHead', in_channels=1280, num_classes=20),
    loss_cls=dict(type='MultiLabelSoftMarginLoss'),  # Eq. 9
    test_cfg=dict(
        type='MultiScaleCAM',
        scales=(1.0,),
        flip=True,
        output_stride=4,
        max_view_pixels=512 * 512,  # about the size of the training images
    ),
)
