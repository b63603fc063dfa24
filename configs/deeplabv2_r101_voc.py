_base_ = [
    '_base_/models/deeplabv2_r101.py',
    '_base_/datasets/voc12_pseudo.py',
    '_base_/schedules/deeplabv2_20k.py',
    '_base_/default_runtime.py',
]
log_processor = dict(by_epoch=False)
