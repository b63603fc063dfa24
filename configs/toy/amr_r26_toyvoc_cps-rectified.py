_base_ = './amr_r26_toyvoc.py'
model = dict(loss_cps=dict(rectify=True))
