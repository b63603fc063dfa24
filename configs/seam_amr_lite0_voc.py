# SEAM as AMR's spotlight, on EfficientNet-Lite 0: the paper's Table 6 in
# small. SEAM's losses are halved with the rest, as in seam_amr_wrn38_voc.py.
_base_ = ['./amr_lite0_voc.py', '_base_/models/lite0_seam.py']
model = dict(spotlight={{_base_.lite0_seam}})
test_evaluator = [
    # AMR's, released code; settled after seed 0's sweep on photos.
    dict(type='CAMIoUMetric', bg_thr=0.20),
    dict(type='MapAgreementMetric', bg_thr=0.20),
    dict(type='ClassificationAP'),
]
