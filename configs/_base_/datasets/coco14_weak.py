# COCO 2014 with image-level labels, as tools/dataset_converters/
# prepare_coco.py lays it out. Images without an object are not trained on.
_base_ = './voc12_weak.py'
data_root = '{{$COCO_ROOT:data/coco2014}}'
train_dataloader = dict(
    dataset=dict(
        type='COCOWeakLabelDataset',
        data_root=data_root,
        ann_file='ImageSets/Segmentation/train.txt',
    )
)
val_dataloader = dict(
    dataset=dict(type='COCOWeakLabelDataset', data_root=data_root)
)
test_dataloader = dict(
    dataset=dict(type='COCOWeakLabelDataset', data_root=data_root)
)
test_evaluator = [
    # ReCAM's released code for COCO (run_sample_coco.py): 0.15.
    dict(type='CAMIoUMetric', bg_thr=0.15),
    dict(type='ClassificationAP'),
]
val_evaluator = test_evaluator
