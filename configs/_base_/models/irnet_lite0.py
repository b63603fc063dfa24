# IRNet on EfficientNet-Lite 0. Values are those of irnet_r50.py, unless said
# otherwise.
_base_ = './lite0.py'
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
