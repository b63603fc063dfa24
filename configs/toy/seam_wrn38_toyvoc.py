_base_ = [
    '../_base_/models/seam_wrn38_toy.py',
    '../_base_/datasets/toyvoc_weak.py',
    '../_base_/schedules/toy_12e.py',
    '../_base_/default_runtime.py',
]
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.26, parts=('head', 'body')),
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
# From random weights SGD is slow on this deep, thin network (a guess, found by
# trial).
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=2e-3, weight_decay=1e-4)
)
