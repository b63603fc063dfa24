# The control: nothing ties the branches.
_base_ = './seam_amr_wrn38_toyvoc.py'
model = dict(loss_cps=None)
