# For random weights on ToyVOC: learning rate and epochs by trial, the rest as
# in schedule_8e.py.
_base_ = './default_hooks.py'
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-4),
)
param_scheduler = dict(
    type='PolyLR',
    power=0.9,
    eta_min=0.0,
    begin=0,
    end=12,
    by_epoch=True,
    convert_to_iter_based=True,
)
# Images per update that the learning rate is for.
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=4)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=4, max_keep_ckpts=1),
    cam_writer=dict(type='CAMGenerationHook'),
    visualization=dict(type='CAMVisualizationHook'),
)
