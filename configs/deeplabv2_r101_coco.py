# COCO 2014 with pseudo labels as masks. Scales and crop as on VOC (a guess:
# longer sides are 640 pixels, not 500).
_base_ = './deeplabv2_r101_voc.py'

from os import path as osp

data_root = '{{$COCO_ROOT:data/coco2014}}'
label_dir = osp.abspath('{{$LABEL_DIR:work_dirs/pseudo_labels_coco/labels}}')
coco = dict(type='COCOLabelMapDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        data_prefix=dict(seg_map_path=label_dir),
        ann_file='ImageSets/Segmentation/train.txt',
        **coco,
    )
)
val_dataloader = dict(dataset=coco)
test_dataloader = val_dataloader
model = dict(decode_head=dict(num_classes=81))
# 100,000 iterations of 10 images: the PyTorch release of DeepLab-v2 that the
# field uses, for COCO-Stuff 164k (configs/cocostuff164k.yaml). The same for
# COCO 2014 is a guess.
train_cfg = dict(max_iters=100000, val_interval=50000)
param_scheduler = dict(end=100000)
