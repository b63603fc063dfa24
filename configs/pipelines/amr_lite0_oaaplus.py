# amr_lite0 with OAA+ in AMR's place: the integral model on accumulated CAMs.
#   VOC_ROOT=FOLDER CLASS_FILE=FOLDER/classes.txt python tools/run_pipeline.py
#       configs/pipelines/amr_lite0_oaaplus.py
_base_ = './amr_lite0.py'
name = 'amr_lite0_oaaplus'
title = 'OAA+ on EfficientNet-Lite 0'
stage_overrides = {
    'cam_*': dict(config='configs/oaaplus_lite0_voc.py'),
    'oaa_train': dict(
        _before_='cam_train',
        kind='train',
        config='configs/cam_lite0_voc_oaa.py',
        outputs=['accumulated_cams'],
        env=dict(VOC_ROOT='{{$VOC_ROOT:data/VOCdevkit/VOC2012}}'),
    ),
    'cam_train': dict(env=dict(CAM_DIR='{oaa_train.accumulated_cams}')),
}
