_base_ = [
    '_base_/models/cam_r50.py',
    '_base_/datasets/voc12_weak.py',
    '_base_/schedules/schedule_8e.py',
    '_base_/default_runtime.py',
]
