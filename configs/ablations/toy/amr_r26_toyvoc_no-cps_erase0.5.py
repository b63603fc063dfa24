# Beyond the paper: the compensation branch does not see what the spotlight
# finds.
_base_ = '../../toy/amr_r26_toyvoc_no-cps.py'
model = dict(erase_thr=0.5)
