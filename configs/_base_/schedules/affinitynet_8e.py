# AffinityNet's released training: batch 8, 8 epochs, lr 0.1, ten times that
# for the new layers.
_base_ = './default_hooks.py'
optim_wrapper = dict(
    type='OptimWrapper',
    # Momentum: the released poly optimiser passes weight decay in SGD's
    # momentum slot. Its learning rate does not go with a momentum of 0.9.
    optimizer=dict(type='SGD', lr=0.1, momentum=5e-4, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}),
)
param_scheduler = dict(
    type='PolyLR',
    power=0.9,
    eta_min=0.0,
    begin=0,
    end=8,
    by_epoch=True,
    convert_to_iter_based=True,
)
# Images per update that the learning rate is for.
auto_scale_lr = dict(enable=False, base_batch_size=8)
# No validation while training: seeds are all there is to compare with.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=8)
test_cfg = dict(type='TestLoop')
default_hooks = dict(label_writer=dict(type='LabelMapWriterHook'))
