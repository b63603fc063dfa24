# A rehearsal of amr_voc12 at VOC's size: the same configs, and so the same
# networks, crops, schedules and scales, on a generated set of 10,582 / 1,464
# / 1,449 images of about 500 pixels and 20 classes. It is there to measure
# cost and to find what breaks at this size; its mIoU says nothing of VOC.
#
#   python tools/run_pipeline.py configs/pipelines/amr_toyvoc_scale.py
#
# No pretrained weights: classifier and segmentor start at random (which also
# lets their BatchNorm train), the affinity network from the classifier's
# spotlight. Trainings run in bfloat16.
#
# In pieces of ten minutes: the same command, stopped by SIGTERM, resumes from
# where it was, in the middle of a training too (a checkpoint is written when
# the signal comes) and from the images that are done elsewhere:
#
#   timeout --preserve-status 570 python tools/run_pipeline.py \
#       configs/pipelines/amr_toyvoc_scale.py
#
# until it ends with 0 and not with 143. One stage alone: --from STAGE --to
# STAGE. Scores are over all 10,582 training images, since all have masks.
_base_ = './amr_voc12.py'
name = 'amr_toyvoc_scale'
title = 'AMR on ToyVOC at the size of VOC'
toy = True  # its figures cannot be compared with published ones
seed = 0
data_root = '{{$TOYVOC_ROOT:data/toyvoc_scale}}'
# The VOC configs take folder and class list from the environment.
on_the_set = dict(
    env=dict(VOC_ROOT='{toy_set.data}', CLASS_FILE='{toy_set.classes}')
)
half = {'optim_wrapper.type': 'BFloat16OptimWrapper'}
at_random = dict(arguments=['--no-pretrained'], cfg_options=half)
workers = ('--num-workers', 'auto')
stage_overrides = {
    'toy_set': dict(
        _before_='check',
        kind='tool',
        tool='dataset_converters/make_toy_voc.py',
        arguments=[data_root, '--preset', 'scale', *workers],
        outputs=dict(data=data_root, classes=data_root + '/toyvoc.json'),
    ),
    'check': dict(
        arguments=[
            *('--data-root', '{toy_set.data}'),
            *('--train', 'train_aug', '--val', 'val'),
            *('--out', '{stage}/check.json'),
            *workers,
        ],
    ),
    'cam_*': on_the_set,
    'affinity_*': on_the_set,
    'segmentor_*': on_the_set,
    'cam_train': at_random,
    'seeds': on_the_set,
    'pseudo_labels': on_the_set,
    'affinity_train': dict(
        cfg_options={
            'model.backbone.init_cfg.checkpoint': '{cam_train.checkpoint}',
            'model.backbone.init_cfg.prefix': 'spotlight.backbone.',
            **half,
        },
    ),
    'segmentor_train': at_random,
}
headline = [
    dict(label='CAM, train_aug', stage='cam_make', metric='cam/mIoU_fixed'),
    dict(
        label='pseudo label, train_aug',
        stage='pseudo_labels',
        metric='labels/mIoU',
    ),
    dict(label='segmentor, val', stage='segmentor_val', metric='mIoU'),
    dict(
        label='segmentor, val, several scales and CRF',
        stage='segmentor_val_tta_crf',
        metric='labels/mIoU',
    ),
]
roles = dict(
    images='{toy_set.data}/JPEGImages',
    masks='{toy_set.data}/SegmentationClass',
    split='{toy_set.data}/ImageSets/Segmentation/train.txt',
)
