# SEAM on EfficientNet-Lite 0: its losses and its pixel correlation as in
# seam_wrn38_voc.py, with the lite baseline's data, head and schedule. The
# pixel correlation keeps lr 0.02: with a momentum of 0.9 that is about SEAM's
# 0.1 without one (a guess).
_base_ = ['./cam_lite0_voc.py', '_base_/models/lite0_seam.py']
model = {{_base_.lite0_seam}}
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.26),  # released code
    dict(type='ClassificationAP'),
]
