# Control beyond the paper: two plain networks that do not see each other.
_base_ = './amr_r50_voc_no-amm.py'
model = dict(loss_cps=None)
