# Control beyond the paper: two plain networks.
_base_ = '../amr_r50_voc.py'
model = dict(compensation=dict(backbone=dict(plugins=None)))
