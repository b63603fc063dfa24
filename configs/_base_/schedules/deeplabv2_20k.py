# DeepLab-v2's training: 20,000 iterations of 10 images.
_base_ = './default_hooks.py'
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=2.5e-4, momentum=0.9, weight_decay=5e-4),
    # Weights of the head: ten times the learning rate; its biases: twenty
    # times, and no decay. The longest key that fits a name counts.
    paramwise_cfg=dict(
        custom_keys={
            'decode_head': dict(lr_mult=10),
            'decode_head.convs.0.bias': dict(lr_mult=20, decay_mult=0),
            'decode_head.convs.1.bias': dict(lr_mult=20, decay_mult=0),
            'decode_head.convs.2.bias': dict(lr_mult=20, decay_mult=0),
            'decode_head.convs.3.bias': dict(lr_mult=20, decay_mult=0),
        }
    ),
)
param_scheduler = dict(
    type='PolyLR',
    power=0.9,
    eta_min=0.0,
    begin=0,
    end=20000,
    by_epoch=False,
)
# Images per update that the learning rate is for.
auto_scale_lr = dict(enable=False, base_batch_size=10)
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=20000, val_interval=10000
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    checkpoint=dict(by_epoch=False, interval=2000),
    # On the softmax. DeepLab-v2's CRF: default_hooks.label_writer.crf=dense
    label_writer=dict(type='LabelMapWriterHook', crf=None),
    visualization=dict(type='LabelVisualizationHook'),
)
