# The whole chain on ToyVOC, on a CPU in minutes: what `make demo` runs.
name = 'amr_toy'
title = 'AMR on ToyVOC'
toy = True  # its figures cannot be compared with published ones
work_dir = 'work_dirs/amr_toy'
seed = 0
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
data = dict(TOYVOC_ROOT='{toy_set.data}')
train_list = 'ImageSets/Segmentation/train.txt'
# With the paper's weight of L_cps, 1, the branches become one map here (see
# the README's results); this is the released weight.
classifier = 'configs/toy/amr_r26_toyvoc.py'
light = {'model.loss_cps.loss_weight': 0.05}
affinity = 'configs/toy/irnet_r26_toyvoc.py'
segmentor = 'configs/toy/deeplabv2_r26_toyvoc.py'
stages = [
    dict(
        name='toy_set',
        kind='tool',
        tool='dataset_converters/make_toy_voc.py',
        arguments=[data_root, '--preset', 'demo'],
        outputs=dict(data=data_root),
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
        ],
        outputs=dict(report='{stage}/check.json'),
        summary='{stage}/check.json',
    ),
    dict(
        name='cam_train',
        kind='train',
        config=classifier,
        env=data,
        cfg_options=light,
    ),
    dict(
        name='cam_make',
        kind='test',
        config=classifier,
        checkpoint='{cam_train.checkpoint}',
        outputs=['cams'],
        env=data,
        cfg_options=light,
    ),
    dict(
        name='seeds',
        kind='test',
        tool='make_seeds.py',
        config='configs/toy/seeds_toyvoc.py',
        outputs=['labels'],
        env=dict(CAM_DIR='{cam_make.cams}', **data),
    ),
    dict(
        name='affinity_train',
        kind='train',
        config=affinity,
        env=dict(
            SEED_DIR='{seeds.labels}',
            CAM_DIR='{cam_make.cams}',
            **data,
        ),
        # The boundary network stands on AMR's spotlight.
        cfg_options={
            'model.backbone.init_cfg.checkpoint': '{cam_train.checkpoint}',
            'model.backbone.init_cfg.prefix': 'spotlight.backbone.',
        },
    ),
    dict(
        name='affinity_make',
        kind='test',
        config=affinity,
        checkpoint='{affinity_train.checkpoint}',
        outputs=['boundaries'],
        env=dict(CAM_DIR='{cam_make.cams}', **data),
    ),
    dict(
        name='pseudo_labels',
        kind='test',
        tool='make_pseudo_labels.py',
        config='configs/toy/pseudo_labels_toyvoc.py',
        outputs=['labels'],
        env=dict(
            CAM_DIR='{cam_make.cams}',
            BOUNDARY_DIR='{affinity_make.boundaries}',
            **data,
        ),
    ),
    dict(
        name='segmentor_train',
        kind='train',
        config=segmentor,
        env=dict(LABEL_DIR='{pseudo_labels.labels}', **data),
    ),
    dict(
        name='segmentor_val',
        kind='test',
        config=segmentor,
        checkpoint='{segmentor_train.checkpoint}',
        outputs=['labels'],
        env=data,
    ),
    dict(
        name='segmentor_train_split',
        kind='test',
        config=segmentor,
        checkpoint='{segmentor_train.checkpoint}',
        outputs=['labels'],
        env=data,
        cfg_options={
            'test_dataloader.dataset.ann_file': train_list,
        },
    ),
]
headline = [
    dict(label='CAM, train', stage='cam_make', metric='cam/mIoU_fixed'),
    dict(
        label='pseudo label, train',
        stage='pseudo_labels',
        metric='labels/mIoU',
    ),
    dict(label='segmentor, val', stage='segmentor_val', metric='mIoU'),
]
roles = dict(
    images='{toy_set.data}/JPEGImages',
    masks='{toy_set.data}/SegmentationClass',
    split='{toy_set.data}/ImageSets/Segmentation/train.txt',
    cams='{cam_make.cams}',
    seeds='{seeds.labels}',
    boundaries='{affinity_make.boundaries}',
    labels='{pseudo_labels.labels}',
    predictions='{segmentor_train_split.labels}',
)
