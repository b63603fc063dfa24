_base_ = './default_hooks.py'
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'head.classifier': dict(lr_mult=10)}),
)
param_scheduler = dict(
    type='PolyLR',
    power=0.9,
    eta_min=0.0,
    begin=0,
    end=5,
    by_epoch=True,
    convert_to_iter_based=True,
)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=5)
test_cfg = dict(type='TestLoop')
default_hooks = dict(logger=dict(interval=10))
custom_hooks = [
    dict(type='CheckpointGuardHook'),
    dict(type='CAMGenerationHook'),
    dict(type='CAMVisualizationHook'),
]
