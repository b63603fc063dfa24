# RRM on EfficientNet-Lite 0: classifier and segmentor in one training, from
# photos and their labels alone. It takes the place of the whole chain.
_base_ = [
    '_base_/models/lite0.py',
    '_base_/datasets/lite_pseudo.py',
    '_base_/schedules/lite_seg_400.py',
    '_base_/default_runtime.py',
]
# Heads of the lite baseline and of deeplabv2_lite0_voc.py (RRM: two dilated
# convolutions on a Wide-ResNet38, stride 8).
model = dict(
    type='RRM',
    data_preprocessor={{_base_.lite0_seg_preprocessor}},
    backbone=dict(
        type='EfficientNetLite',
        arch='lite0',
        output_stride=16,
        out_indices=(6, 7),
        frozen_stages=2,
        norm_eval=True,
        init_cfg={{_base_.lite0_weights}},
    ),
    cam_head=dict(type='CAMHead', in_channels=1280, num_classes=20),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=320,
        in_index=0,
        num_classes=21,
        dilations=(3, 6, 9, 12),
        loss_decode=dict(type='BalancedCrossEntropyLoss'),  # released code
    ),
    loss_cls=dict(type='MultiLabelSoftMarginLoss'),
    # Released code.
    loss_energy=dict(
        type='DenseEnergyLoss',
        loss_weight=1e-7,
        sigma_rgb=15.0,
        sigma_xy=100.0,
        scale=0.5,
    ),
    scales=(1.0, 0.5, 1.5),  # RRM: 2 as well, which doubles the time
    # Released code, from ImageNet: the first half of 24 epochs.
    warmup=200,
    seed=dict(
        alpha_low=4.0,
        alpha_high=32.0,
        prob_thr=0.8,
        top_share=0.4,
        min_score=0.1,
    ),
    test_cfg=dict(mode='whole', max_pixels=512 * 512),
)
tta_model = dict(type='MeanProbabilityTTAModel')
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='RandomResizeLongestSide', min_side=256, max_side=400),
    # A smaller image is filled up by the data preprocessor, which tells the
    # padding.
    dict(type='RandomCrop', crop_size=(256, 256)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackWeakLabelInputs'),
]
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        _delete_=True,
        type='VOCWeakLabelDataset',
        data_root='{{$VOC_ROOT:data/VOCdevkit/VOC2012}}',
        ann_file='ImageSets/Segmentation/train_aug.txt',
        pipeline=train_pipeline,
    ),
)
# 400 steps of 8 with AdamW, as deeplabv2_lite0_voc.py's of 16 (guesses).
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'cam_head': dict(lr_mult=10)})
)
find_unused_parameters = True  # the decode head, during the warm-up
auto_scale_lr = dict(base_batch_size=8)
log_processor = dict(by_epoch=False)
