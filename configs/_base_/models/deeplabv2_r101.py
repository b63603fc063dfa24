# DeepLab-v2 on ResNet-101. Values are those of DeepLab-v2 (arXiv:1606.00915)
# and of its released code; AMR's paper names model and initialisation only.
# A local file: --cfg-options model.backbone.init_cfg.checkpoint=FILE, a
# ResNet-101 with torchvision's names and its 7x7 stem (not ResNetV1c's). The
# original started from Caffe's ResNet-101 (BGR, strides in the first 1x1
# convolutions): such weights need style='caffe' and their own mean and std.
model = dict(
    type='MultiScaleLossEncoderDecoder',
    scales=(1.0, 0.75, 0.5),
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(321, 321),
        pad_val=0,  # the pixel mean, since images are normalised by then
        seg_pad_val=255,
    ),
    backbone=dict(
        type='ResNet',
        depth=101,
        out_indices=(3,),
        # Output stride 8.
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        # BatchNorm is frozen as in the original: running statistics do not
        # move (norm_eval), scale and shift are not trained (requires_grad).
        # All convolutions are.
        norm_eval=True,
        norm_cfg=dict(type='BN', requires_grad=False),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/'
            'resnet101-63fe2227.pth',
        ),
    ),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=2048,
        num_classes=21,
        dilations=(6, 12, 18, 24),
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
    ),
    # The paper and its code test on the maximum over the scales too:
    # --cfg-options model.test_cfg.fuse_scales=True, twice the work.
    test_cfg=dict(mode='whole', fuse_scales=False),
)
tta_model = dict(type='MeanProbabilityTTAModel')
