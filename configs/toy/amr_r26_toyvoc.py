_base_ = [
    '../_base_/models/amr_r26_toy.py',
    '../_base_/datasets/toyvoc_weak.py',
    '../_base_/schedules/toy_12e.py',
    '../_base_/default_runtime.py',
]
