# For random weights on ToyVOC: learning rate and epochs by trial.
_base_ = './schedule_8e.py'
optim_wrapper = dict(optimizer=dict(lr=0.05))
param_scheduler = dict(end=12)
train_cfg = dict(max_epochs=12, val_interval=4)
default_hooks = dict(
    logger=dict(interval=10), checkpoint=dict(interval=4, max_keep_ckpts=1)
)
