_base_ = [
    '_base_/models/amr_r50.py',
    '_base_/datasets/voc12_weak.py',
    '_base_/schedules/schedule_8e.py',
    '_base_/default_runtime.py',
]
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20),  # not in the paper; released code
    # Do the branches find different pixels? Beyond the paper.
    dict(type='MapAgreementMetric', bg_thr=0.20),
    dict(type='ClassificationAP'),
]
