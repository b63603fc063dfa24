# COCO 2014 with image-level labels, as tools/dataset_converters/
# prepare_coco.py lays it out. Images without an object are not trained on.
_base_ = './cam_r50_voc.py'
data_root = '{{$COCO_ROOT:data/coco2014}}'
coco = dict(
    type='COCOWeakLabelDataset',
    data_root=data_root,
    label_source='file',
    label_file='labels.csv',
)
train_dataloader = dict(
    dataset=dict(ann_file='ImageSets/Segmentation/train.txt', **coco)
)
val_dataloader = dict(dataset=coco)
test_dataloader = dict(dataset=coco)
test_evaluator = [
    # ReCAM's released code for COCO (run_sample_coco.py): 0.15.
    dict(type='CAMIoUMetric', bg_thr=0.15),
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
model = dict(
    head=dict(num_classes=80),
    # ReCAM's released code for COCO (run_sample_coco.py).
    test_cfg=dict(scales=(0.5, 1.0, 1.5, 2.0)),
)
# 5 epochs of batches of 16 and weight decay 1e-4: ReCAM's released code for
# COCO. Its lr of 0.1 goes with IRNet's optimiser, whose momentum is 1e-4 (see
# irn_3e.py); here AMR's lr and momentum on VOC (a guess).
train_cfg = dict(max_epochs=5)
param_scheduler = dict(end=5)
