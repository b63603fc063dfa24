# Pseudo labels of VOC 2012: CAM records spread over boundary maps by IRNet's
# random walk, one palette PNG per training image:
#   python tools/make_pseudo_labels.py configs/pseudo_labels_voc.py
# The loading transforms and `label_transform` in a segmentor's train_pipeline
# make the same labels on line.
_base_ = './_base_/default_runtime.py'
cam_dir = '{{$CAM_DIR:work_dirs/amr_r50_voc/cams}}'
boundary_dir = '{{$BOUNDARY_DIR:work_dirs/irnet_r50_voc/boundaries}}'
# Values of IRNet's released code; AMR's paper says only "random walk of
# IRNet". They are those of irnet_r50_voc.py, which scores itself with them.
label_transform = dict(
    type='RandomWalkPseudoLabel',
    cam_power=1.0,
    radius=5,
    beta=10.0,
    exp_times=8,
    bg_thr=0.25,  # not in the paper; released code
    crf=None,  # no paper of this line has one here
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
            dict(type='LoadBoundaryMap', boundary_dir=boundary_dir),
        ],
        test_mode=True,
    ),
)
