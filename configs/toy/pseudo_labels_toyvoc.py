# Pseudo labels of ToyVOC, with the walk of irnet_r26_toyvoc.py.
_base_ = '../pseudo_labels_voc.py'
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
cam_dir = '{{$CAM_DIR:work_dirs/cam_r26_toyvoc/cams}}'
boundary_dir = '{{$BOUNDARY_DIR:work_dirs/irnet_r26_toyvoc/boundaries}}'
label_transform = dict(radius=3, exp_times=5, bg_thr=0.45)
test_dataloader = dict(
    num_workers=0,
    dataset=dict(
        data_root=data_root,
        metainfo=dict(classes=('background', 'alvo', 'bimi', 'coru', 'dexa')),
        pipeline=[
            dict(type='LoadWeakLabelImage'),
            dict(type='LoadCAMRecord', cam_dir=cam_dir),
            dict(type='LoadBoundaryMap', boundary_dir=boundary_dir),
        ],
    ),
)
