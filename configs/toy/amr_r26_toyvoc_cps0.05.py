_base_ = './amr_r26_toyvoc.py'
model = dict(loss_cps=dict(loss_weight=0.05))
