# A segmentor that trains on a CPU in minutes.
_base_ = [
    '_base_/models/lite0.py',
    '_base_/datasets/lite_pseudo.py',
    '_base_/schedules/lite_seg_400.py',
    '_base_/default_runtime.py',
]
# DeepLab-v2's head on EfficientNet-Lite 0.
model = dict(
    type='MultiScaleLossEncoderDecoder',
    scales=(1.0,),  # one scale: a third of the time of DeepLab-v2's three
    data_preprocessor={{_base_.lite0_seg_preprocessor}},
    backbone=dict(
        type='EfficientNetLite',
        arch='lite0',
        output_stride=16,
        out_indices=(6,),
        frozen_stages=2,
        norm_eval=True,
        init_cfg={{_base_.lite0_weights}},
    ),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=320,
        num_classes=21,
        dilations=(3, 6, 9, 12),  # half of DeepLab-v2's, whose stride is 8
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
    ),
    test_cfg=dict(mode='whole', max_pixels=512 * 512),
)
tta_model = dict(type='MeanProbabilityTTAModel')
log_processor = dict(by_epoch=False)
