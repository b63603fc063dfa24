# PASCAL VOC 2012 with seeds (made from CAM records) as masks, for affinity
# networks. SEED_DIR and CAM_DIR name other folders than those below.
_base_ = []  # first, see default_runtime.py

from os import path as osp

dataset_type = 'VOCWeakLabelDataset'
data_root = '{{$VOC_ROOT:data/VOCdevkit/VOC2012}}'
# Absolute, since relative folders are looked for under data_root.
seed_dir = osp.abspath('{{$SEED_DIR:work_dirs/seeds_voc/labels}}')
cam_dir = '{{$CAM_DIR:work_dirs/amr_r50_voc/cams}}'
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabelMap'),
    # IRNet: rescaled by 0.5 to 1.5, crop 512 (released code). The longer
    # side of a VOC image is 500 pixels, so this is its own size times that.
    dict(
        type='RandomResize',
        resize_type='ResizeNonEmpty',
        scale=(500, 500),
        ratio_range=(0.5, 1.5),
        keep_ratio=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    # A smaller image is filled up by the data preprocessor: with the pixel
    # mean, and its seed with 255. (Released code: at a random place; here at
    # the upper left.)
    dict(type='RandomCrop', crop_size=(512, 512)),
    dict(type='PackLabelMapInputs'),
]
test_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadMaskIfPresent'),
    dict(type='LoadCAMRecord', cam_dir=cam_dir),
    dict(type='PackAffinityInputs'),
]
train_dataloader = dict(
    batch_size=16,  # per process, on one GPU; released code
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(seg_map_path=seed_dir),
        ann_file='ImageSets/Segmentation/train_aug.txt',
        pipeline=train_pipeline,
    ),
)
# Pseudo labels are scored on the 1,464 images of the train split. For those
# of all 10,582: --cfg-options
# test_dataloader.dataset.ann_file=ImageSets/Segmentation/train_aug.txt
test_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    # No image twice over ranks.
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='ImageSets/Segmentation/train.txt',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_evaluator = [
    # not in the paper; released code
    dict(type='CAMIoUMetric', bg_thr=0.25, prefix='pseudo'),
]
