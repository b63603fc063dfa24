# amr_lite0 with OAA in AMR's place: the CAMs that the baseline accumulates
# while it trains.
#   VOC_ROOT=FOLDER CLASS_FILE=FOLDER/classes.txt python tools/run_pipeline.py
#       configs/pipelines/amr_lite0_oaa.py
_base_ = './amr_lite0.py'
name = 'amr_lite0_oaa'
title = 'OAA on EfficientNet-Lite 0'
cams = dict(CAM_DIR='{cam_train.accumulated_cams}')
stage_overrides = {
    'cam_train': dict(
        config='configs/cam_lite0_voc_oaa.py', outputs=['accumulated_cams']
    ),
    'cam_make': None,
    'seeds': dict(env=cams),
    'affinity_train': dict(env=cams),
    'affinity_make': dict(env=cams),
    'pseudo_labels': dict(env=cams),
}
