_base_ = './cam_r26_toyvoc.py'
# amr_r50_voc.py with the toy classifier as both branches.
toy_backbone = _base_.model.backbone
toy_head = _base_.model.head
model = dict(
    _delete_=True,
    type='AMR',
    data_preprocessor={{_base_.model.data_preprocessor}},
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
    test_cfg={{_base_.model.test_cfg}},
)
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20, parts=('head', 'body')),
    dict(type='MapAgreementMetric', bg_thr=0.20, parts=('head', 'body')),
    dict(type='ClassificationAP'),
]
