# Release: stem and layer1 of the compensation branch stay as they
# start. On VOC they start from ImageNet, here from random weights.
_base_ = '../../toy/amr_r26_toyvoc_cps0.05.py'
model = dict(compensation=dict(backbone=dict(frozen_stages=1)))
