# Control beyond the paper: two plain networks and L_cps.
_base_ = '../../amr_lite0_voc.py'
model = dict(compensation=dict(backbone=dict(branches=None)))
