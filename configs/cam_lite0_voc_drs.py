# DRS's suppression on the baseline. The layer takes the place of a ReLU; where
# it stands here, on the activations of the last two stages' blocks, is a guess
# (DRS: every ReLU of a VGG-16).
_base_ = './cam_lite0_voc.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='StageModulation',
        backbone={{_base_.lite0}},
        branches={'stage5.[1-9].bn2': 672, 'stage6.[1-9].bn2': 1152},
        amm=dict(type='RegionSuppression'),  # learned: released code
    ),
)
