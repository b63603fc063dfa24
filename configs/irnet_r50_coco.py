# 3 epochs, lr 0.1, walk with beta 10 and 2 ** 8 steps, background 0.25: as on
# VOC and in ReCAM's released code for COCO (run_sample_coco.py).
_base_ = [
    '_base_/models/irnet_r50.py',
    '_base_/datasets/coco14_seeds.py',
    '_base_/schedules/irn_3e.py',
    '_base_/default_runtime.py',
]
