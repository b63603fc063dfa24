# AMR for a CPU and own photos: the paper's two branches and losses. Backbone
# and schedule are ours.
_base_ = [
    '_base_/models/lite0.py',
    '_base_/datasets/lite_weak.py',
    '_base_/schedules/lite_255.py',
    '_base_/default_runtime.py',
]
# Spotlight and compensation branch, two EfficientNet-Lite 0 of their own.
model = dict(
    type='AMR',
    data_preprocessor={{_base_.lite0_preprocessor}},
    spotlight=dict(
        type='CAMClassifier',
        backbone={{_base_.lite0}},
        head=dict(type='CAMHead', in_channels=1280, num_classes=20),
    ),
    compensation=dict(
        type='CAMClassifier',
        backbone=dict(
            type='StageModulation',
            backbone={{_base_.lite0}},
            # "at each layer" (Introduction): on the residual branch of each
            # block that has a shortcut and is trained, as in the released
            # ResNet.
            branches={
                'stage3.[1-9].bn3': 40,
                'stage4.[1-9].bn3': 80,
                'stage5.[1-9].bn3': 112,
                'stage6.[1-9].bn3': 192,
            },
            amm=dict(
                type='AttentionModulation',
                modulation=dict(type='gaussian'),  # Table 4
            ),
        ),
        head=dict(type='CAMHead', in_channels=1280, num_classes=20),
    ),
    xi=0.5,  # Table 5
    cls_weight=0.5,  # Eq. 10
    # Eq. 11-12, on normalised CAMs: of the readings that the paper leaves
    # open one that gains over the baseline; on raw CAMs nothing is learned.
    loss_cps=dict(
        type='CrossPseudoSupervisionLoss', loss_weight=1.0, normalize=True
    ),
    test_cfg=dict(
        type='MultiScaleCAM',
        scales=(1.0,),
        flip=True,
        output_stride=4,
        max_view_pixels=512 * 512,
    ),
)
log_processor = dict(by_epoch=False)
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20),  # not in the paper; released code
    # Do the branches find different pixels? Beyond the paper.
    dict(type='MapAgreementMetric', bg_thr=0.20),
    dict(type='ClassificationAP'),
]
