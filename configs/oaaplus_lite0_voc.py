# OAA+'s integral model: the baseline's network learns the accumulated CAMs of
# cam_lite0_voc_oaa.py. CAM_DIR names another folder of CAM records.
_base_ = './cam_lite0_voc.py'
cam_dir = '{{$CAM_DIR:work_dirs/cam_lite0_voc_oaa/accumulated_cams}}'
model = dict(
    type='IntegralClassifier',
    loss_integral=dict(type='IntegralAttentionLoss', threshold=1e-3),
)
train_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadCAMRecord', cam_dir=cam_dir),
    # Whole images, as released (there 224 pixels on the short side).
    dict(type='ResizeNonEmpty', scale=(256, 256), keep_ratio=False),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackAffinityInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
