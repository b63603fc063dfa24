# Classes for masks that a tool such as segment-anything cut out of VOC's
# images, voted by pseudo labels:
#   python tools/vote_masks.py configs/votes_voc.py
_base_ = './_base_/default_runtime.py'
label_dir = '{{$LABEL_DIR:work_dirs/pseudo_labels_voc/labels}}'
segment_dir = '{{$SEGMENT_DIR:data/segments}}'
# SEPL's shares; its rule is changed where it depends on the order of files.
label_transform = dict(
    type='VoteSegments', min_share=0.5, min_cover=0.85, fill_ignored=False
)
test_dataloader = dict(
    num_workers=16,  # as many as there are cores
    dataset=dict(
        type='VOCWeakLabelDataset',
        data_root='{{$VOC_ROOT:data/VOCdevkit/VOC2012}}',
        ann_file='ImageSets/Segmentation/train_aug.txt',
        pipeline=[
            dict(
                type='LoadSegments',
                label_dir=label_dir,
                segment_dir=segment_dir,
            ),
        ],
        test_mode=True,
    ),
)
