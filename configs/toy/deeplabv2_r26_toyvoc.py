_base_ = [
    '../_base_/models/deeplabv2_r26_toy.py',
    '../_base_/datasets/toyvoc_pseudo.py',
    '../_base_/schedules/deeplabv2_20k.py',
    '../_base_/default_runtime.py',
]
log_processor = dict(by_epoch=False)
# From random weights there is no head to hurry ahead of a pretrained
# backbone: one learning rate. AdamW, since SGD leaves one seed in three far
# from converged; both values are guesses.
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=0.002, weight_decay=0.01),
    paramwise_cfg=dict(_delete_=True, custom_keys={}),
)
param_scheduler = dict(end=800)
train_cfg = dict(max_iters=800, val_interval=800)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=200, max_keep_ckpts=1)
)
