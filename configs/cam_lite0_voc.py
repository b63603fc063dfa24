_base_ = [
    '_base_/models/cam_lite0.py',
    '_base_/datasets/lite_weak.py',
    '_base_/schedules/lite_5e.py',
    '_base_/default_runtime.py',
]
val_dataloader = None
val_evaluator = None
