# Seeds of ToyVOC.
_base_ = '../seeds_voc.py'
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
cam_dir = '{{$CAM_DIR:work_dirs/cam_r26_toyvoc/cams}}'
# IRNet's recipe and foreground threshold, without the CRF, whose kernels are
# as wide as a toy object; chosen on this set.
label_transform = dict(fg_thr=0.3, bg_thr=0.1, crf=None)
test_dataloader = dict(
    num_workers=0,
    dataset=dict(
        data_root=data_root,
        metainfo=dict(classes=('background', 'alvo', 'bimi', 'coru', 'dexa')),
        pipeline=[
            dict(type='LoadWeakLabelImage'),
            dict(type='LoadCAMRecord', cam_dir=cam_dir),
        ],
    ),
)
