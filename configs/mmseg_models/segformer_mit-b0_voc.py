# mmseg's SegFormer B0 on pseudo labels.
_base_ = [
    'mmseg::_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/lite_pseudo.py',
    '../_base_/schedules/lite_seg_400.py',
    '../_base_/default_runtime.py',
]
mit_b0 = (
    'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segformer/'
    'mit_b0_20220624-7e0fe6dd.pth'  # ImageNet, as in mmseg's configs
)
model = dict(
    data_preprocessor=dict(size=(256, 256)),
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=mit_b0)),
    decode_head=dict(
        num_classes=21,
        norm_cfg=dict(type='BN'),  # SyncBN needs GPUs
        loss_decode=dict(avg_non_ignore=True),
    ),
)
optim_wrapper = dict(  # mmseg's
    optimizer=dict(lr=6e-5),
    paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=10)}),
)
log_processor = dict(by_epoch=False)
