_base_ = [
    '../_base_/models/amr_r26_toy.py',
    '../_base_/datasets/toyvoc_weak.py',
    '../_base_/schedules/toy_12e.py',
    '../_base_/default_runtime.py',
]
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20, parts=('head', 'body')),
    dict(type='MapAgreementMetric', bg_thr=0.20, parts=('head', 'body')),
    dict(type='ClassificationAP'),
]
