_base_ = [
    '_base_/models/deeplabv2_r101.py',
    '_base_/datasets/coco14_pseudo.py',
    '_base_/schedules/deeplabv2_20k.py',
    '_base_/default_runtime.py',
]
log_processor = dict(by_epoch=False)
model = dict(decode_head=dict(num_classes=81))
# 100,000 iterations of 10 images: the PyTorch release of DeepLab-v2 that the
# field uses, for COCO-Stuff 164k (configs/cocostuff164k.yaml). The same for
# COCO 2014 is a guess.
train_cfg = dict(max_iters=100000, val_interval=50000)
param_scheduler = dict(end=100000)
