# Table 5 without L_cps (beyond the paper), where the two maps differ. Of the
# test alone; any checkpoint of the parent will do.
_base_ = '../../toy/amr_r26_toyvoc_no-cps.py'
model = dict(xi=0.1)
