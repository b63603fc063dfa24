_base_ = './seam_wrn38_toyvoc.py'
model = dict(
    _delete_=True,
    type='AMR',
    data_preprocessor={{_base_.model.data_preprocessor}},
    spotlight={{_base_.model}},
    compensation=dict(
        type='CAMClassifier',
        backbone=dict(
            type='StageModulation',
            backbone={{_base_.model.backbone}},
            branches={
                'b3*.conv_branch2b1': 32,
                'b4*.conv_branch2b1': 64,
                'b5*.conv_branch2b1': 128,
                'b6.conv_branch2b2': 256,
                'b7.conv_branch2b2': 512,
            },
        ),
        head={{_base_.model.head}},
    ),
    xi=0.5,
    cls_weight=0.5,
    # The released weight.
    loss_cps=dict(type='CrossPseudoSupervisionLoss', loss_weight=0.05),
    test_cfg={{_base_.model.test_cfg}},
)
