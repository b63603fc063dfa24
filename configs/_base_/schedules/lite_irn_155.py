# IRNet's released training in steps: 155 of 16 photos, three times through
# 826. lr 0.1 goes with its small momentum, see irn_3e.py.
_base_ = './lite_hooks.py'
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=1e-4, weight_decay=1e-4),
)
param_scheduler = dict(
    type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=155, by_epoch=False
)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=155)
test_cfg = dict(type='TestLoop')
default_hooks = dict(boundary_writer=dict(type='BoundaryWriterHook'))
