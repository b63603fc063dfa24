# Seeds of VOC 2012, the confident labels of CAM records, from which an
# affinity network learns:
#   python tools/make_seeds.py configs/seeds_voc.py
_base_ = './_base_/default_runtime.py'
cam_dir = '{{$CAM_DIR:work_dirs/amr_r50_voc/cams}}'
# IRNet's recipe, with thresholds of AMR's released code (not in the paper).
label_transform = dict(
    type='GenerateSeed', recipe='irn', fg_thr=0.60, bg_thr=0.33, crf='dense'
)
test_dataloader = dict(
    num_workers=16,  # as many as there are cores
    dataset=dict(
        type='VOCWeakLabelDataset',
        data_root='{{$VOC_ROOT:data/VOCdevkit/VOC2012}}',
        ann_file='ImageSets/Segmentation/train_aug.txt',
        pipeline=[
            dict(type='LoadWeakLabelImage'),
            dict(type='LoadCAMRecord', cam_dir=cam_dir),
        ],
        test_mode=True,
    ),
)
