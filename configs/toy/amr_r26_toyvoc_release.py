# amr_r50_voc_release.py on ToyVOC: every switch of the released code at once,
# with plain CAMs. The release adds no eps to its variances: where all values
# are one, as behind the closed residual branches of random weights, it divides
# zero by zero, and the first loss is not finite (measured).
_base_ = [
    './amr_r26_toyvoc.py',
    '../_base_/models/released_amm.py',
]
amm = _base_.amm
amm.modulation.eps = 1e-5  # as ours
model = dict(
    detach_spotlight=True,
    spotlight=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='work_dirs/cam_r26_toyvoc/epoch_12.pth',
        )
    ),
    compensation=dict(
        backbone=dict(
            frozen_stages=1,
            plugins=[dict(cfg=amm, position='after_conv3')],
        )
    ),
    loss_cps=dict(loss_weight=0.05, rectify=True, pairing='first_two'),
)
optim_wrapper = dict(
    optimizer=dict(momentum=1e-4),
    paramwise_cfg=dict(
        custom_keys={'compensation.backbone': dict(lr_mult=10)}
    ),
)
