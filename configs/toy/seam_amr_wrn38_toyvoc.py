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
            # The spotlight's, but for BatchNorm: each of the five new modules
            # halves the features at first, so fixed statistics would leave
            # little of them (measured: an eighteenth of their deviation).
            backbone=dict(
                type='WideResNet38',
                out_indices=(2, 3, 5),
                dilations=(1, 1),
                width_divisor=8,
                dropout=(0.0, 0.0),
                frozen_stages=1,
                norm_eval=False,
                zero_init_residual=True,
                init_cfg={{_base_.model.backbone.init_cfg}},
            ),
            stages=dict(b3_2=32, b4_5=64, b5_2=128, b6=256, b7=512),
        ),
        head={{_base_.model.head}},
    ),
    xi=0.5,
    cls_weight=0.5,
    # The released weight.
    loss_cps=dict(type='CrossPseudoSupervisionLoss', loss_weight=0.05),
    test_cfg={{_base_.model.test_cfg}},
)
