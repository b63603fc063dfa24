_base_ = [
    '_base_/datasets/voc12_weak.py',
    '_base_/schedules/schedule_8e.py',
    '_base_/default_runtime.py',
]
# Spotlight and compensation branch, two ResNet-50s of their own (whether the
# branches share one is not in the paper; released code: they do not).
amr_backbone = dict(
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
        checkpoint='https://download.pytorch.org/models/resnet50-0676ba61.pth',
    ),
)
amr_head = dict(type='CAMHead', in_channels=2048, num_classes=20)
model = dict(
    type='AMR',
    data_preprocessor=dict(
        type='WeakLabelDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(512, 512),
    ),
    spotlight=dict(type='CAMClassifier', backbone=amr_backbone, head=amr_head),
    compensation=dict(
        type='CAMClassifier',
        backbone=dict(
            plugins=[
                # "at each layer" (Introduction); the place in the block is
                # that of the released code.
                dict(
                    cfg=dict(
                        type='AttentionModulation',
                        modulation=dict(type='gaussian'),  # Table 4
                    ),
                    position='after_conv3',
                )
            ],
            **amr_backbone,
        ),
        head=amr_head,
    ),
    xi=0.5,  # Table 5
    cls_weight=0.5,  # Eq. 10
    # Eq. 11-12. On which CAMs is not in the paper: on normalised ones AMR
    # gains on real photos (configs/ablations/lite0), on raw ones
    # (normalize=False) neither branch learns anything.
    loss_cps=dict(
        type='CrossPseudoSupervisionLoss', loss_weight=1.0, normalize=True
    ),
    test_cfg=dict(
        type='MultiScaleCAM',
        # not in the paper; released code
        scales=(0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0),
        flip=True,
        output_stride=4,
    ),
)
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20),  # not in the paper; released code
    # Do the branches find different pixels? Beyond the paper.
    dict(type='MapAgreementMetric', bg_thr=0.20),
    dict(type='ClassificationAP'),
]
