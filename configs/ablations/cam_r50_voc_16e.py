# Control beyond the paper: one network with the compute of two branches.
_base_ = '../cam_r50_voc.py'
train_cfg = dict(max_epochs=16)
param_scheduler = dict(end=16)
