# deeplabv2_r101.py at a quarter of the width, with two blocks a stage and
# from random weights, so BatchNorm is trained: same classes, small sizes.
model = dict(
    type='MultiScaleLossEncoderDecoder',
    scales=(1.0, 0.75),  # half of a toy object is too little (a guess)
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(96, 96),
        pad_val=0,
        seg_pad_val=255,
    ),
    backbone=dict(
        type='ShallowResNet',
        depth=26,
        stem_channels=16,
        base_channels=16,
        out_indices=(3,),
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 1, 1),
    ),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=512,
        num_classes=5,
        # Maps are 12 pixels wide here, not 41 (a guess).
        dilations=(1, 2, 3, 4),
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
    ),
    test_cfg=dict(mode='whole'),
)
tta_model = dict(type='MeanProbabilityTTAModel')
