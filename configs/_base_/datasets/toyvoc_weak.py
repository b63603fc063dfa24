# ToyVOC, made by tools/dataset_converters/make_toy_voc.py (preset demo).
toy_metainfo = dict(classes=('background', 'alvo', 'bimi', 'coru', 'dexa'))
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
toy_folders = dict(part_map_path='SegmentationPart')
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
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VOCWeakLabelDataset',
        metainfo=toy_metainfo,
        data_root=data_root,
        ann_file='ImageSets/Segmentation/train_aug.txt',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='VOCWeakLabelDataset',
        metainfo=toy_metainfo,
        data_root=data_root,
        data_prefix=toy_folders,
        ann_file='ImageSets/Segmentation/val.txt',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
# As on VOC, CAMs are scored on the training images that have masks.
test_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    batch_sampler=dict(type='SizeGroupedBatchSampler'),
    dataset=dict(
        type='VOCWeakLabelDataset',
        metainfo=toy_metainfo,
        data_root=data_root,
        data_prefix=toy_folders,
        ann_file='ImageSets/Segmentation/train.txt',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20, parts=('head', 'body')),
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
