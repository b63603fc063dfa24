# Control beyond the paper: one network with the compute of two branches.
_base_ = '../../toy/cam_r26_toyvoc.py'
train_cfg = dict(max_epochs=24)
param_scheduler = dict(end=24)
