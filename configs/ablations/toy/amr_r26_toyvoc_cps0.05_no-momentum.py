# Release: weight decay in momentum's place.
_base_ = '../../toy/amr_r26_toyvoc_cps0.05.py'
optim_wrapper = dict(optimizer=dict(momentum=1e-4))
