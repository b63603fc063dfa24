_base_ = [
    '_base_/models/affinitynet_wrn38.py',
    '_base_/datasets/voc12_seeds.py',
    '_base_/schedules/affinitynet_8e.py',
    '_base_/default_runtime.py',
]
# As released: no rescaling, crop 448. Colour jitter is left out.
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
    dict(type='RandomCrop', crop_size=(448, 448)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackLabelMapInputs'),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
