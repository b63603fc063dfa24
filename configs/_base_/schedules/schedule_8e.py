# "8 epochs with a batch size of 16. The initial learning rate is set to 0.01
# with a momentum of 0.9 ... 0.0001 weight decay" (Implementation Details).
_base_ = './default_hooks.py'
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
)
param_scheduler = dict(
    type='PolyLR',  # not in the paper; released code
    power=0.9,  # not in the paper; released code
    eta_min=0.0,
    begin=0,
    end=8,
    by_epoch=True,
    convert_to_iter_based=True,
)
# Images per update that the learning rate is for.
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=8, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    cam_writer=dict(type='CAMGenerationHook'),
    visualization=dict(type='CAMVisualizationHook'),
)
