# Not in the paper: each CAM is divided by its maximum before Eq. 11.
_base_ = './amr_r26_toyvoc.py'
model = dict(loss_cps=dict(normalize=True))
