# PASCAL VOC 2012 with image-level labels from its XML annotations.
dataset_type = 'VOCWeakLabelDataset'
data_root = '{{$VOC_ROOT:data/VOCdevkit/VOC2012}}'
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    # "random scaling and horizontal flipping" (Implementation Details); the
    # sides and the crop are not in the paper, released code.
    dict(type='RandomResizeLongestSide', min_side=320, max_side=640),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomCropOrPad', crop_size=(512, 512)),
    dict(type='PackWeakLabelInputs'),
]
test_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadMaskIfPresent'),
    dict(type='PackWeakLabelInputs'),
]
train_dataloader = dict(
    # Per process: 16 on one GPU (Implementation Details), 4 on each of four.
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        # 10,582 images ("Datasets and Evaluation Metric").
        ann_file='ImageSets/Segmentation/train_aug.txt',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    # No image twice over ranks.
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='ImageSets/Segmentation/val.txt',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
# CAMs are scored on the 1,464 images of the train split. For the CAMs of all
# 10,582: --cfg-options
# test_dataloader.dataset.ann_file=ImageSets/Segmentation/train_aug.txt
test_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    # The records are the same however many processes make them.
    batch_sampler=dict(type='SizeGroupedBatchSampler'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='ImageSets/Segmentation/train.txt',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.20),  # not in the paper; released code
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
