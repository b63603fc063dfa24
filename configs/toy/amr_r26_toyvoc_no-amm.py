# Control beyond the paper: two plain networks.
_base_ = './amr_r26_toyvoc.py'
model = dict(compensation=dict(backbone=dict(plugins=None)))
