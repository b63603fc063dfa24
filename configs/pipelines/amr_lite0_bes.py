# amr_lite0 with BES's boundaries in IRNet's place, and its walk.
#   VOC_ROOT=FOLDER CLASS_FILE=FOLDER/classes.txt python tools/run_pipeline.py
#       configs/pipelines/amr_lite0_bes.py
_base_ = './amr_lite0.py'
name = 'amr_lite0_bes'
title = 'AMR and BES on EfficientNet-Lite 0'
stage_overrides = {
    'seeds': dict(config='configs/seeds_voc_bes.py'),
    'affinity_*': dict(config='configs/bes_lite0_voc.py'),
    'pseudo_labels': dict(config='configs/pseudo_labels_voc_bes.py'),
}
