# AffinityNet on EfficientNet-Lite 0, in IRNet's place. Its seeds:
# seeds_voc_affinitynet.py.
_base_ = [
    '_base_/models/lite0.py',
    '_base_/datasets/lite_seeds.py',
    '_base_/schedules/lite_hooks.py',
    '_base_/default_runtime.py',
]
# Values are those of affinitynet_wrn38_voc.py, unless said otherwise.
model = dict(
    type='AffinityNet',
    data_preprocessor={{_base_.lite0_preprocessor}},
    backbone=dict(
        type='EfficientNetLite',
        arch='lite0',
        output_stride=8,
        out_indices=(2, 4, 6),
        frozen_stages=2,
        norm_eval=True,
        init_cfg={{_base_.lite0_weights}},
    ),
    head=dict(
        type='AffinityHead',
        in_channels=(40, 112, 320),
        channels=(32, 64, 128),  # half (a guess)
    ),
    radius=5,
    loss_affinity=dict(type='AffinityLoss'),
    test_cfg=dict(bg_alpha=16.0, beta=8.0, exp_times=8, max_pixels=512 * 512),
)
train_dataloader = dict(batch_size=8)
# The lite schedule's learning rates and 206 steps of 8, twice through 826
# photos (guesses; AffinityNet: eight times).
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}),
)
param_scheduler = dict(
    type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=206, by_epoch=False
)
# Images per update that the learning rate is for.
auto_scale_lr = dict(enable=False, base_batch_size=8)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=206)
test_cfg = dict(type='TestLoop')
default_hooks = dict(label_writer=dict(type='LabelMapWriterHook'))
log_processor = dict(by_epoch=False)
