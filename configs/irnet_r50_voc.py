_base_ = [
    '_base_/models/irnet_r50.py',
    '_base_/datasets/voc12_seeds.py',
    '_base_/schedules/irn_3e.py',
    '_base_/default_runtime.py',
]
