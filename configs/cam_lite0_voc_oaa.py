# OAA: the baseline, whose CAMs are accumulated after every 51 steps, about
# once through 826 photos. The records in accumulated_cams/ are its result.
_base_ = './cam_lite0_voc.py'
default_hooks = dict(
    accumulation=dict(
        type='CAMAccumulationHook',
        interval=51,
        by_epoch=False,
        evaluator=dict(type='CAMIoUMetric', bg_thr=0.20),
    ),
)
# Of all training images, for what learns from them.
test_dataloader = dict(
    dataset=dict(ann_file='ImageSets/Segmentation/train_aug.txt')
)
