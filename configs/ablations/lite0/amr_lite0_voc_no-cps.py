# Table 3, channel and spatial AMM, no L_cps.
_base_ = '../../amr_lite0_voc.py'
model = dict(loss_cps=None)
