# SEAM as AMR's spotlight, on EfficientNet-Lite 0: the paper's Table 6 in
# small. SEAM's losses are halved with the rest, as in seam_amr_wrn38_voc.py.
_base_ = './amr_lite0_voc.py'
model = dict(spotlight={{_base_.lite0_seam}})
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.26),  # SEAM's, released code
    dict(type='MapAgreementMetric', bg_thr=0.26),
    dict(type='ClassificationAP'),
]
