_base_ = [
    '../_base_/datasets/toyvoc_weak.py',
    '../_base_/schedules/toy_12e.py',
    '../_base_/default_runtime.py',
]
# amr_r50_voc.py at a quarter of the width, half of the blocks, output stride 8
# and from random weights: same classes, small sizes.
toy_backbone = dict(
    type='ShallowResNet',
    depth=26,
    stem_channels=16,
    base_channels=16,
    out_indices=(3,),
    strides=(1, 2, 1, 1),
    dilations=(1, 1, 1, 1),
)
toy_head = dict(type='CAMHead', in_channels=512, num_classes=4)
model = dict(
    type='AMR',
    data_preprocessor=dict(
        type='WeakLabelDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(96, 96),
    ),
    spotlight=dict(type='CAMClassifier', backbone=toy_backbone, head=toy_head),
    compensation=dict(
        type='CAMClassifier',
        backbone=dict(
            plugins=[
                dict(
                    cfg=dict(
                        type='AttentionModulation',
                        modulation=dict(type='gaussian'),
                    ),
                    position='after_conv3',
                )
            ],
            **toy_backbone,
        ),
        head=toy_head,
    ),
    xi=0.5,
    cls_weight=0.5,
    # On raw CAMs, the reading that ToyVOC's tables were measured with.
    loss_cps=dict(
        type='CrossPseudoSupervisionLoss', loss_weight=1.0, normalize=False
    ),
    test_cfg=dict(
        type='MultiScaleCAM',
        scales=(0.5, 1.0, 1.5, 2.0),  # a guess
        flip=True,
        output_stride=2,
    ),
)
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20, parts=('head', 'body')),
    dict(type='MapAgreementMetric', bg_thr=0.20, parts=('head', 'body')),
    dict(type='ClassificationAP'),
]
