# AMR for a CPU and own photos: the paper's two branches and losses. Backbone
# and schedule are ours.
_base_ = [
    '_base_/models/amr_lite0.py',
    '_base_/datasets/lite_weak.py',
    '_base_/schedules/lite_255.py',
    '_base_/default_runtime.py',
]
log_processor = dict(by_epoch=False)
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20),  # not in the paper; released code
    # Do the branches find different pixels? Beyond the paper.
    dict(type='MapAgreementMetric', bg_thr=0.20),
    dict(type='ClassificationAP'),
]
