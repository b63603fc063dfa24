# PASCAL VOC 2012 with pseudo labels (made by an affinity network) as masks,
# for segmentors. LABEL_DIR names another folder than the one below.
_base_ = './segmentor_test_pipelines.py'

from os import path as osp

dataset_type = 'VOCLabelMapDataset'
data_root = '{{$VOC_ROOT:data/VOCdevkit/VOC2012}}'
# Absolute, since relative folders are looked for under data_root.
label_dir = osp.abspath('{{$LABEL_DIR:work_dirs/pseudo_labels_voc/labels}}')
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
    # DeepLab-v2: 0.5 to 1.5 times the image's own size, of which VOC's longer
    # side is 500 pixels. Released code: one of 0.5, 0.75, 1, 1.25 and 1.5.
    dict(
        type='RandomResize',
        resize_type='ResizeNonEmpty',
        scale=(500, 500),
        ratio_range=(0.5, 1.5),
        keep_ratio=True,
    ),
    # Crop 321, batch 10: DeepLab-v2. A smaller image is filled up by the data
    # preprocessor: with the pixel mean, and its labels with 255.
    dict(type='RandomCrop', crop_size=(321, 321)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackLabelMapInputs'),
]
train_dataloader = dict(
    # Per process: 10 on one GPU (DeepLab-v2), 5 on each of two.
    batch_size=10,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(seg_map_path=label_dir),
        ann_file='ImageSets/Segmentation/train_aug.txt',
        pipeline=train_pipeline,
    ),
)
# Segmentors are scored on the 1,449 images of the val split. For the test
# split, which has no masks: --cfg-options
# test_dataloader.dataset.ann_file=ImageSets/Segmentation/test.txt
val_dataloader = dict(
    batch_size=1,  # images are tested at their own sizes
    num_workers=4,
    persistent_workers=True,
    # No image twice over ranks.
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='ImageSets/Segmentation/val.txt',
        pipeline={{_base_.test_pipeline}},
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='OptionalMaskIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
