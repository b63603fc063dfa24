# Release: ten times the learning rate for the compensation backbone.
# Without the release's lack of momentum, which is a factor of its own.
_base_ = './amr_r26_toyvoc.py'
model = dict(loss_cps=dict(loss_weight=0.05))
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'compensation.backbone': dict(lr_mult=10)})
)
