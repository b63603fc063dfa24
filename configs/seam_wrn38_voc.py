# Table 6, SEAM: 55.4. Values are those of its released code. Weak labels are
# those of the XML annotations, as in its script; its README makes them from
# the masks.
_base_ = [
    '_base_/models/seam_wrn38.py',
    '_base_/datasets/voc12_weak.py',
    '_base_/schedules/seam_8e.py',
    '_base_/default_runtime.py',
]
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='RandomResizeLongestSide', min_side=448, max_side=768),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='mmpretrain.ColorJitter',
        brightness=0.3,
        contrast=0.3,
        saturation=0.3,
        hue=0.1,
    ),
    dict(type='RandomCropOrPad', crop_size=(448, 448)),
    dict(type='PackWeakLabelInputs'),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.26),
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
