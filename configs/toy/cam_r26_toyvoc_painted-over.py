# The ceiling: the baseline, trained and tested on images whose heads are
# painted over. What it makes of the bodies is what the set allows.
_base_ = './cam_r26_toyvoc.py'
painted_root = '{{$TOYVOC_PAINTED_ROOT:data/toyvoc_painted-over}}'
train_dataloader = dict(dataset=dict(data_root=painted_root))
val_dataloader = dict(dataset=dict(data_root=painted_root))
test_dataloader = dict(dataset=dict(data_root=painted_root))
