# amr_lite0 with AffinityNet in IRNet's place: its seeds, and its labels, which
# it makes itself.
#   VOC_ROOT=FOLDER CLASS_FILE=FOLDER/classes.txt python tools/run_pipeline.py
#       configs/pipelines/amr_lite0_affinitynet.py
_base_ = './amr_lite0.py'
name = 'amr_lite0_affinitynet'
title = 'AMR and AffinityNet on EfficientNet-Lite 0'
stage_overrides = {
    'seeds': dict(config='configs/seeds_voc_affinitynet.py'),
    'affinity_*': dict(config='configs/affinitynet_lite0_voc.py'),
    'affinity_make': dict(outputs=['labels']),
    'pseudo_labels': None,
    'segmentor_train': dict(env=dict(LABEL_DIR='{affinity_make.labels}')),
}
headline = [
    dict(label='CAM, train', stage='cam_make', metric='cam/mIoU_fixed'),
    dict(
        label='pseudo label, train',
        stage='affinity_make',
        metric='labels/mIoU',
    ),
    dict(label='segmentor, val', stage='segmentor_val', metric='mIoU'),
]
roles = dict(
    _delete_=True,
    images={{_base_.roles.images}},
    masks={{_base_.roles.masks}},
    split={{_base_.roles.split}},
    cams='{cam_make.cams}',
    seeds='{seeds.labels}',
    labels='{affinity_make.labels}',
    predictions='{segmentor_train_split.labels}',
)
