# IRNet on ResNet-50. Values are those of IRNet's released code, unless said
# otherwise; AMR's paper says only "random walk of IRNet".
model = dict(
    type='IRNet',
    data_preprocessor=dict(
        type='WeakLabelDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(512, 512),
        pad_val=0,  # the pixel mean, since images are normalised by then
        seg_pad_val=255,
    ),
    backbone=dict(
        type='ResNetWithStem',
        depth=50,
        strides=(1, 2, 2, 1),  # output stride 16, as in the classifier
        dilations=(1, 1, 1, 1),
        # Frozen as a whole, in eval mode.
        frozen_stages=4,
        norm_eval=True,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/'
            'resnet50-0676ba61.pth',
        ),
    ),
    boundary_head=dict(type='BoundaryHead', channels=32, num_groups=4),
    radius=10,
    # All pairs inside the crop count; in the released code those of pixels
    # whose whole half disc is inside (irnet_r50_voc_release.py).
    interior_only=False,
    loss_affinity=dict(type='AffinityLoss'),
    test_cfg=dict(
        # AMR's released code: 1.5, from AdvCAM (irnet_r50_voc_release.py).
        cam_power=1.0,
        radius=5,
        beta=10.0,
        exp_times=8,
        bg_thr=0.25,  # not in the paper; released code
    ),
)
