# Seeds of COCO 2014:
#   python tools/make_seeds.py configs/seeds_coco.py
_base_ = './seeds_voc.py'
cam_dir = '{{$CAM_DIR:work_dirs/cam_r50_coco/cams}}'
# ReCAM's released code for COCO (run_sample_coco.py).
label_transform = dict(fg_thr=0.30, bg_thr=0.05)
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
        ],
    ),
)
