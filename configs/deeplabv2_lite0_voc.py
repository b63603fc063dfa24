# A segmentor that trains on a CPU in minutes.
_base_ = [
    '_base_/models/lite0.py',
    '_base_/datasets/voc12_pseudo.py',
    '_base_/schedules/lite_hooks.py',
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
# Pseudo labels for segmentors on EfficientNet-Lite: photos of 200 to 600
# pixels, crops of 256, 16 at a time.
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
    dict(
        type='RandomResize',
        resize_type='ResizeNonEmpty',
        scale=(400, 400),
        ratio_range=(0.5, 1.5),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=(256, 256)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackLabelMapInputs'),
]
train_dataloader = dict(
    batch_size=16, num_workers=2, dataset=dict(pipeline=train_pipeline)
)
val_dataloader = dict(num_workers=2)
test_dataloader = dict(num_workers=2)
# 400 steps of 16 photos: eight times through 826. AdamW, since SGD with
# lr 0.01 (0.1 in the head) diverged within ten steps.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-4, weight_decay=0.01),
    paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=10)}),
)
param_scheduler = dict(
    type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=400, by_epoch=False
)
# Images per update that the learning rate is for.
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=400, val_interval=400)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    # On the softmax. DeepLab-v2's CRF: default_hooks.label_writer.crf=dense
    label_writer=dict(type='LabelMapWriterHook', crf=None),
    visualization=dict(type='LabelVisualizationHook'),
)
log_processor = dict(by_epoch=False)
