_base_ = [
    '../_base_/models/deeplabv2_r26_toy.py',
    '../_base_/datasets/toyvoc_pseudo.py',
    '../_base_/schedules/deeplabv2_20k.py',
    '../_base_/default_runtime.py',
]
log_processor = dict(by_epoch=False)
# From random weights there is no head to hurry ahead of a pretrained
# backbone: one learning rate, found by trial on this set (a guess).
optim_wrapper = dict(
    optimizer=dict(lr=0.02, weight_decay=1e-4),
    paramwise_cfg=dict(_delete_=True, custom_keys={}),
)
param_scheduler = dict(end=800)
train_cfg = dict(max_iters=800, val_interval=800)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=200, max_keep_ckpts=1)
)
