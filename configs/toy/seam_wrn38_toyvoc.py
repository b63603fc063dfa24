# From the backbone of a trained cam_wrn38_toyvoc.py, as seam_wrn38_voc.py
# starts from ImageNet's. Statistics of BatchNorm are fixed.
_base_ = './cam_wrn38_toyvoc.py'
# seam_wrn38_voc.py's model for small images and four classes.
model = dict(
    type='SEAM',
    backbone=dict(
        out_indices=(2, 3, 5),
        frozen_stages=1,  # the stem and b2
        norm_eval=True,
        # zero_init_residual only counts with --no-pretrained. In the place of
        # weights from ImageNet: the backbone alone, so the head is new, as
        # there.
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone.',
            checkpoint='work_dirs/cam_wrn38_toyvoc/epoch_12.pth',
        ),
    ),
    pcm=dict(
        type='PixelCorrelation', in_channels=(64, 128), channels=(16, 32)
    ),
    # 0.3 would leave 29 pixels (a guess).
    view_scale=0.5,
    loss_min=dict(type='AdaptiveMinPoolingLoss', share=0.25),
    loss_er=dict(type='EquivariantRegularizationLoss'),
    loss_ecr=dict(type='EquivariantCrossRegularizationLoss', top_share=0.2),
)
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.26, parts=('head', 'body')),
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
optim_wrapper = dict(
    optimizer=dict(lr=0.01),
    # As in seam_wrn38_voc.py.
    paramwise_cfg=dict(
        custom_keys={
            'head': dict(lr_mult=10),
            'pcm': dict(lr_mult=10),
            'amm': dict(lr_mult=10),
        }
    ),
)
