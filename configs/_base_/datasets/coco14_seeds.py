# COCO 2014 with seeds as masks, for affinity networks. ReCAM's released code
# for COCO (run_sample_coco.py): batch 32, crop 512; the rest as on VOC.
_base_ = './voc12_seeds.py'

from os import path as osp

data_root = '{{$COCO_ROOT:data/coco2014}}'
seed_dir = osp.abspath('{{$SEED_DIR:work_dirs/seeds_coco/labels}}')
cam_dir = '{{$CAM_DIR:work_dirs/cam_r50_coco/cams}}'
test_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadMaskIfPresent'),
    dict(type='LoadCAMRecord', cam_dir=cam_dir),
    dict(type='PackAffinityInputs'),
]
train_dataloader = dict(
    batch_size=32,
    dataset=dict(
        type='COCOWeakLabelDataset',
        data_root=data_root,
        data_prefix=dict(seg_map_path=seed_dir),
        ann_file='ImageSets/Segmentation/train.txt',
    ),
)
# All 82,783 images of train are scored: pseudo labels are made of each.
test_dataloader = dict(
    dataset=dict(
        type='COCOWeakLabelDataset',
        data_root=data_root,
        pipeline=test_pipeline,
    )
)
