# A segmentor that trains on a CPU in minutes.
_base_ = [
    '_base_/models/deeplabv2_lite0.py',
    '_base_/datasets/lite_pseudo.py',
    '_base_/schedules/lite_seg_400.py',
    '_base_/default_runtime.py',
]
log_processor = dict(by_epoch=False)
