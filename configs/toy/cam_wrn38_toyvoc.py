# Table 6's backbone without SEAM, and what the toy SEAM starts from.
_base_ = [
    '../_base_/models/cam_wrn38_toy.py',
    '../_base_/datasets/toyvoc_weak.py',
    '../_base_/schedules/toy_12e.py',
    '../_base_/default_runtime.py',
]
optim_wrapper = dict(optimizer=dict(lr=0.1))
