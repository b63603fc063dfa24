# IRNet's boundary branch on EfficientNet-Lite 0, and the random walk.
_base_ = [
    '_base_/models/irnet_lite0.py',
    '_base_/datasets/lite_seeds.py',
    '_base_/schedules/lite_irn_155.py',
    '_base_/default_runtime.py',
]
log_processor = dict(by_epoch=False)
