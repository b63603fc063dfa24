# Three times the schedule.
_base_ = './amr_r26_toyvoc.py'
param_scheduler = dict(end=36)
train_cfg = dict(max_epochs=36, val_interval=12)
