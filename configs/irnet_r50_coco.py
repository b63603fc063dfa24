# COCO 2014 with seeds as masks. 3 epochs, lr 0.1, crop 512, walk with beta 10
# and 2 ** 8 steps, background 0.25: as on VOC and, but for the batch of 32, in
# ReCAM's released code for COCO (run_sample_coco.py).
_base_ = './irnet_r50_voc.py'

from os import path as osp

data_root = '{{$COCO_ROOT:data/coco2014}}'
seed_dir = osp.abspath('{{$SEED_DIR:work_dirs/seeds_coco/labels}}')
cam_dir = '{{$CAM_DIR:work_dirs/cam_r50_coco/cams}}'
coco = dict(
    type='COCOWeakLabelDataset',
    data_root=data_root,
    label_source='file',
    label_file='labels.csv',
)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(
        data_prefix=dict(seg_map_path=seed_dir),
        ann_file='ImageSets/Segmentation/train.txt',
        **coco,
    ),
)
auto_scale_lr = dict(base_batch_size=32)
# All 82,783 images of train are scored: pseudo labels are made of each.
test_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadMaskIfPresent'),
    dict(type='LoadCAMRecord', cam_dir=cam_dir),
    dict(type='PackAffinityInputs'),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline, **coco))
