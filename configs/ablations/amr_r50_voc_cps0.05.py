# The released weight of L_cps.
_base_ = '../amr_r50_voc.py'
model = dict(loss_cps=dict(loss_weight=0.05))
