# mmseg's DeepLab-v3+ on pseudo labels.
_base_ = [
    'mmseg::_base_/models/deeplabv3plus_r50-d8.py',
    '../_base_/datasets/lite_pseudo.py',
    '../_base_/schedules/lite_seg_400.py',
    '../_base_/default_runtime.py',
]
bn = dict(type='BN')  # SyncBN needs GPUs
loss = dict(avg_non_ignore=True)
model = dict(
    data_preprocessor=dict(size=(256, 256)),
    backbone=dict(norm_cfg=bn, norm_eval=True),
    decode_head=dict(num_classes=21, norm_cfg=bn, loss_decode=loss),
    auxiliary_head=dict(num_classes=21, norm_cfg=bn, loss_decode=loss),
)
log_processor = dict(by_epoch=False)
