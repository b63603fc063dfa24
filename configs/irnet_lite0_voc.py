# IRNet's boundary branch on EfficientNet-Lite 0, and the random walk.
_base_ = [
    '_base_/models/lite0.py',
    '_base_/datasets/lite_seeds.py',
    '_base_/schedules/lite_hooks.py',
    '_base_/default_runtime.py',
]
# Values are those of irnet_r50_voc.py, unless said otherwise.
model = dict(
    type='IRNet',
    data_preprocessor={{_base_.lite0_preprocessor}},
    backbone=dict(
        type='EfficientNetLite',
        arch='lite0',
        output_stride=16,
        out_indices=(1, 2, 3, 4, 6),
        frozen_stages=7,  # frozen as a whole, in eval mode
        norm_eval=True,
        init_cfg={{_base_.lite0_weights}},
    ),
    boundary_head=dict(
        type='BoundaryHead',
        in_channels=(24, 40, 80, 112, 320),
        strides=(4, 8, 16, 16, 16),
        channels=32,
        num_groups=4,
    ),
    radius=10,
    test_cfg=dict(
        radius=5,
        beta=10.0,
        exp_times=8,
        bg_thr=0.25,  # not in the paper; released code
        max_pixels=512 * 512,
    ),
)
# IRNet's released training in steps: 155 of 16 photos, three times through
# 826. lr 0.1 goes with its small momentum, see irn_3e.py.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=1e-4, weight_decay=1e-4),
)
param_scheduler = dict(
    type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=155, by_epoch=False
)
# Images per update that the learning rate is for.
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=155)
test_cfg = dict(type='TestLoop')
default_hooks = dict(boundary_writer=dict(type='BoundaryWriterHook'))
log_processor = dict(by_epoch=False)
