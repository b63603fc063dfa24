# voc12_weak.py on ToyVOC, made by tools/dataset_converters/make_toy_voc.py
# (preset demo).
_base_ = './voc12_weak.py'
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    # About the images' size of 96: less than VOC's 320 to 640, since textures
    # tell the toy classes (a guess).
    dict(type='RandomResizeLongestSide', min_side=80, max_side=112),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomCropOrPad', crop_size=(96, 96)),
    dict(type='PackWeakLabelInputs'),
]
test_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadMaskIfPresent'),
    dict(type='LoadPartMap'),
    dict(type='PackWeakLabelInputs'),
]
toy_metainfo = dict(classes=('background', 'alvo', 'bimi', 'coru', 'dexa'))
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
toy_set = dict(metainfo=toy_metainfo, data_root=data_root)
toy_loader = dict(batch_size=16, num_workers=0, persistent_workers=False)
train_dataloader = dict(
    dataset=dict(pipeline=train_pipeline, **toy_set), **toy_loader
)
val_dataloader = dict(
    dataset=dict(
        data_prefix=dict(part_map_path='SegmentationPart'),
        pipeline=test_pipeline,
        **toy_set,
    ),
    **toy_loader,
)
test_dataloader = val_dataloader
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20, parts=('head', 'body')),
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
