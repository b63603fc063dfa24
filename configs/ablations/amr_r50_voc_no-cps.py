# Table 3, channel and spatial AMM, no L_cps: 54.9.
_base_ = '../amr_r50_voc.py'
model = dict(loss_cps=None)
