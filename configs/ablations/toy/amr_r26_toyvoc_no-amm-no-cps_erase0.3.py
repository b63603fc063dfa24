# Control beyond the paper: erasing without the AMM.
_base_ = '../../toy/amr_r26_toyvoc_no-amm-no-cps.py'
model = dict(erase_thr=0.3)
