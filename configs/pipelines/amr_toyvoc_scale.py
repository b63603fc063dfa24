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
# In pieces of ten minutes: the same command, stopped by SIGTERM, goes on from
# where it was, in the middle of a training too (a checkpoint is written when
# the signal comes) and from the images that are done elsewhere:
#
#   timeout --preserve-status 570 python tools/run_pipeline.py \
#       configs/pipelines/amr_toyvoc_scale.py
#
# until it ends with 0 and not with 143. One stage alone: --from STAGE --to
# STAGE. Scores are over all 10,582 training images, since all have masks.
import os

name = 'amr_toyvoc_scale'
title = 'AMR on ToyVOC at the size of VOC'
toy = True  # its figures cannot be compared with published ones
seed = 0
data_root = '{{$TOYVOC_SCALE_ROOT:data/toyvoc_scale}}'
# The VOC configs take folder and class list from the environment.
data = dict(VOC_ROOT='{toy_set.data}', CLASS_FILE='{toy_set.classes}')
classifier = 'configs/amr_r50_voc.py'
affinity = 'configs/irnet_r50_voc.py'
segmentor = 'configs/deeplabv2_r101_voc.py'
lists = 'ImageSets/Segmentation'
test_list = 'test_dataloader.dataset.ann_file'
on_train_aug = {test_list: lists + '/train_aug.txt'}
half = {'optim_wrapper.type': 'BFloat16OptimWrapper'}
workers = ('--num-workers', str(os.cpu_count()))
stages = [
    dict(
        name='toy_set',
        kind='tool',
        tool='dataset_converters/make_toy_voc.py',
        arguments=[data_root, '--preset', 'scale', *workers],
        outputs=dict(data=data_root, classes=data_root + '/toyvoc.json'),
    ),
    # Every list, image, annotation and mask, before anything is trained.
    dict(
        name='check',
        kind='tool',
        tool='check_dataset.py',
        arguments=[
            *('--data-root', '{toy_set.data}'),
            *('--train', 'train_aug', '--val', 'val'),
            *('--out', '{stage}/check.json'),
            *workers,
        ],
        outputs=dict(report='{stage}/check.json'),
        summary='{stage}/check.json',
    ),
    dict(
        name='cam_train',
        kind='train',
        config=classifier,
        arguments=['--no-pretrained'],
        env=data,
        cfg_options=half,
    ),
    dict(
        name='cam_make',
        kind='test',
        config=classifier,
        checkpoint='{cam_train.checkpoint}',
        outputs=['cams'],
        env=data,
        cfg_options=on_train_aug,
    ),
    dict(
        name='seeds',
        kind='tool',
        tool='make_seeds.py',
        arguments=[
            '{cam_make.cams}',
            *('--data-root', '{toy_set.data}', '--split', 'train_aug'),
            *('--out-dir', '{stage}/labels'),
            # as in amr_voc12
            *('--fg-thr', '0.60', '--bg-thr', '0.33', '--crf', 'dense'),
            *workers,
        ],
        outputs=dict(labels='{stage}/labels'),
        summary='{stage}/labels/seeds_summary.json',
    ),
    dict(
        name='affinity_train',
        kind='train',
        config=affinity,
        env=dict(SEED_DIR='{seeds.labels}', CAM_DIR='{cam_make.cams}', **data),
        cfg_options={
            'model.backbone.init_cfg.checkpoint': '{cam_train.checkpoint}',
            'model.backbone.init_cfg.prefix': 'spotlight.backbone.',
            **half,
        },
    ),
    dict(
        name='affinity_make',
        kind='test',
        config=affinity,
        checkpoint='{affinity_train.checkpoint}',
        outputs=['labels', 'boundaries'],
        env=dict(CAM_DIR='{cam_make.cams}', **data),
        # The list of hooks is a list: the writer of labels is the third.
        cfg_options={'custom_hooks.2.save_boundary': True, **on_train_aug},
    ),
    dict(
        name='segmentor_train',
        kind='train',
        config=segmentor,
        arguments=['--no-pretrained'],
        env=dict(LABEL_DIR='{affinity_make.labels}', **data),
        cfg_options=half,
    ),
    dict(
        name='segmentor_val',
        kind='test',
        config=segmentor,
        checkpoint='{segmentor_train.checkpoint}',
        outputs=['labels'],
        env=data,
    ),
    # Several scales with their flips, then DeepLab-v2's CRF.
    dict(
        name='segmentor_val_tta_crf',
        kind='test',
        config=segmentor,
        checkpoint='{segmentor_train.checkpoint}',
        arguments=['--tta'],
        outputs=['labels'],
        env=data,
        cfg_options={'custom_hooks.1.crf': 'dense'},
    ),
    dict(
        name='segmentor_train_split',
        kind='test',
        config=segmentor,
        checkpoint='{segmentor_train.checkpoint}',
        outputs=['labels'],
        env=data,
        cfg_options={test_list: lists + '/train.txt'},
    ),
]
headline = [
    dict(label='CAM, train_aug', stage='cam_make', metric='cam/mIoU_fixed'),
    dict(
        label='pseudo label, train_aug',
        stage='affinity_make',
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
    cams='{cam_make.cams}',
    seeds='{seeds.labels}',
    boundaries='{affinity_make.boundaries}',
    labels='{affinity_make.labels}',
    predictions='{segmentor_train_split.labels}',
)
