# IRNet's released training: batch 16, 3 epochs, lr 0.1 for the boundary and
# 1.0 for the displacement branch.
optim_wrapper = dict(
    type='OptimWrapper',
    # Momentum: the released poly optimiser passes weight decay in SGD's
    # momentum slot. Its learning rate does not go with a momentum of 0.9.
    optimizer=dict(type='SGD', lr=0.1, momentum=1e-4, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'displacement_head': dict(lr_mult=10)}),
)
param_scheduler = dict(
    type='PolyLR',
    power=0.9,
    eta_min=0.0,
    begin=0,
    end=3,
    by_epoch=True,
    convert_to_iter_based=True,
)
# No validation while training: seeds are all there is to compare with.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=3)
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='AtomicCheckpointHook', interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    exact_resume=dict(type='ExactResumeHook'),
    finite_loss=dict(type='NonFiniteLossHook', patience=3),
    graceful_stop=dict(type='GracefulStopHook'),
)
custom_hooks = [
    dict(type='CheckpointGuardHook'),
    dict(type='DisplacementMeanHook'),
    dict(type='LabelMapWriterHook'),
]
