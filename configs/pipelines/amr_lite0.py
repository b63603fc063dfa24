# The chain on EfficientNet-Lite 0, for a CPU: photos and labels to masks and
# a segmentor in about an hour. On any folder of VOC's layout:
#   VOC_ROOT=FOLDER CLASS_FILE=FOLDER/classes.txt python tools/run_pipeline.py
#       configs/pipelines/amr_lite0.py
_base_ = './amr_voc12.py'
name = 'amr_lite0'
title = 'AMR on EfficientNet-Lite 0'
stage_overrides = {
    'cam_*': dict(config='configs/amr_lite0_voc.py'),
    'affinity_*': dict(config='configs/irnet_lite0_voc.py'),
    'segmentor_*': dict(config='configs/deeplabv2_lite0_voc.py'),
    'segmentor_val_tta_crf': None,
}
