_base_ = [
    '../_base_/models/affinitynet_wrn38_toy.py',
    '../_base_/datasets/toyvoc_seeds.py',
    '../_base_/schedules/affinitynet_8e.py',
    '../_base_/default_runtime.py',
]
# 37 steps an epoch, not 1,322, from random weights: more epochs and a real
# momentum (guesses).
optim_wrapper = dict(optimizer=dict(lr=0.02, momentum=0.9))
train_cfg = dict(max_epochs=12)
param_scheduler = dict(end=12)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=4, max_keep_ckpts=1)
)
