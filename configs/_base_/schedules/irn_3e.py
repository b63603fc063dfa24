# IRNet's released training: batch 16, 3 epochs, lr 0.1 for the boundary.
_base_ = './default_hooks.py'
optim_wrapper = dict(
    type='OptimWrapper',
    # Momentum: the released poly optimiser passes weight decay in SGD's
    # momentum slot. Its learning rate does not go with a momentum of 0.9.
    optimizer=dict(type='SGD', lr=0.1, momentum=1e-4, weight_decay=1e-4),
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
# Images per update that the learning rate is for.
auto_scale_lr = dict(enable=False, base_batch_size=16)
# No validation while training: seeds are all there is to compare with.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=3)
test_cfg = dict(type='TestLoop')
default_hooks = dict(boundary_writer=dict(type='BoundaryWriterHook'))
