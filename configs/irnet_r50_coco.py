# Seeds on COCO: tools/make_seeds.py with --fg-thr 0.30 --bg-thr 0.05 (ReCAM's
# released code, run_sample_coco.py). 3 epochs, lr 0.1, walk with beta 10 and
# 2 ** 8 steps, background 0.25, as there and on VOC.
_base_ = [
    '_base_/models/irnet_r50.py',
    '_base_/datasets/coco14_seeds.py',
    '_base_/schedules/irn_3e.py',
    '_base_/default_runtime.py',
]
