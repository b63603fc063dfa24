# The control for SEAM: the same start, schedule, learning rates and fixed
# BatchNorm, without its views, its losses and its correlation module.
_base_ = './seam_wrn38_toyvoc.py'
model = dict(
    _delete_=True,
    type='CAMClassifier',
    data_preprocessor={{_base_.model.data_preprocessor}},
    backbone={{_base_.model.backbone}},  # the head reads its last stage
    head={{_base_.model.head}},
    loss_cls={{_base_.model.loss_cls}},
    test_cfg={{_base_.model.test_cfg}},
)
