# From the backbone of a trained cam_wrn38_toyvoc.py (TOY_WRN38_CLASSIFIER), as
# seam_wrn38_voc.py starts from ImageNet's. Statistics of BatchNorm are fixed.
_base_ = [
    '../_base_/models/seam_wrn38_toy.py',
    '../_base_/datasets/toyvoc_weak.py',
    '../_base_/schedules/toy_12e.py',
    '../_base_/default_runtime.py',
]
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.26, parts=('head', 'body')),
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
optim_wrapper = dict(
    optimizer=dict(lr=0.01),
    # As in seam_8e.py.
    paramwise_cfg=dict(
        custom_keys={
            'head': dict(lr_mult=10),
            'pcm': dict(lr_mult=10),
            'amm': dict(lr_mult=10),
        }
    ),
)
