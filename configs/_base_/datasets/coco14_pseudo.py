# COCO 2014 with pseudo labels as masks, for segmentors. Scales and crop as on
# VOC (a guess: longer sides are 640 pixels, not 500).
_base_ = './voc12_pseudo.py'

from os import path as osp

data_root = '{{$COCO_ROOT:data/coco2014}}'
label_dir = osp.abspath('{{$LABEL_DIR:work_dirs/pseudo_labels_coco/labels}}')
train_dataloader = dict(
    dataset=dict(
        type='COCOLabelMapDataset',
        data_root=data_root,
        data_prefix=dict(seg_map_path=label_dir),
        ann_file='ImageSets/Segmentation/train.txt',
    )
)
val_dataloader = dict(
    dataset=dict(type='COCOLabelMapDataset', data_root=data_root)
)
test_dataloader = val_dataloader
