# Seeds by BES's thresholds, from which bes_lite0_voc.py makes boundary labels.
_base_ = './seeds_voc.py'
label_transform = dict(fg_thr=0.30, bg_thr=0.07)  # released code
