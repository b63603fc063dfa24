# Beyond the paper: the compensation branch does not see what the spotlight
# finds.
_base_ = './amr_r50_voc_no-cps.py'
model = dict(erase_thr=0.3)
