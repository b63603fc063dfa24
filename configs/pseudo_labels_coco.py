# Pseudo labels of COCO 2014; the walk is VOC's, as in ReCAM's released code:
#   python tools/make_pseudo_labels.py configs/pseudo_labels_coco.py
_base_ = './pseudo_labels_voc.py'
cam_dir = '{{$CAM_DIR:work_dirs/cam_r50_coco/cams}}'
boundary_dir = '{{$BOUNDARY_DIR:work_dirs/irnet_r50_coco/boundaries}}'
test_dataloader = dict(
    dataset=dict(
        type='COCOWeakLabelDataset',
        data_root='{{$COCO_ROOT:data/coco2014}}',
        label_source='file',
        label_file='labels.csv',
        ann_file='ImageSets/Segmentation/train.txt',
        pipeline=[
            dict(type='LoadWeakLabelImage'),
            dict(type='LoadCAMRecord', cam_dir=cam_dir),
            dict(type='LoadBoundaryMap', boundary_dir=boundary_dir),
        ],
    ),
)
