_base_ = [
    '_base_/models/amr_lite0.py',
    '_base_/datasets/lite_weak.py',
    '_base_/schedules/lite_5e.py',
    '_base_/default_runtime.py',
]
val_dataloader = None
val_evaluator = None
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20),  # not in the paper; released code
    # Do the branches find different pixels? Beyond the paper.
    dict(type='MapAgreementMetric', bg_thr=0.20),
    dict(type='ClassificationAP'),
]
