# The whole chain on PASCAL VOC 2012, or, by configs/own_data_example.py, on
# own photos:  python tools/run_pipeline.py configs/pipelines/amr_voc12.py
name = 'amr_voc12'
title = 'AMR on PASCAL VOC 2012'
data_root = '{{$VOC_ROOT:data/VOCdevkit/VOC2012}}'
data = dict(VOC_ROOT=data_root)
classifier = 'configs/amr_r50_voc.py'
affinity = 'configs/irnet_r50_voc.py'
segmentor = 'configs/deeplabv2_r101_voc.py'
lists = 'ImageSets/Segmentation'
test_list = 'test_dataloader.dataset.ann_file'
# CAMs and labels are made of all 10,582 training images, and scored on those
# of them that have a mask in SegmentationClass: the 1,464 of train.txt.
on_train_aug = {test_list: lists + '/train_aug.txt'}
stages = [
    # Every list, image, annotation and mask, before anything is trained.
    dict(
        name='check',
        kind='tool',
        tool='check_dataset.py',
        arguments=[
            *('--data-root', data_root),
            *('--train', 'train_aug', '--val', 'val'),
            *('--out', '{stage}/check.json'),
        ],
        outputs=dict(report='{stage}/check.json'),
        summary='{stage}/check.json',
    ),
    dict(name='cam_train', kind='train', config=classifier, env=data),
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
        kind='test',
        tool='make_seeds.py',
        config='configs/seeds_voc.py',
        outputs=['labels'],
        env=dict(CAM_DIR='{cam_make.cams}', **data),
    ),
    dict(
        name='affinity_train',
        kind='train',
        config=affinity,
        env=dict(SEED_DIR='{seeds.labels}', CAM_DIR='{cam_make.cams}', **data),
    ),
    dict(
        name='affinity_make',
        kind='test',
        config=affinity,
        checkpoint='{affinity_train.checkpoint}',
        outputs=['boundaries'],
        env=dict(CAM_DIR='{cam_make.cams}', **data),
        cfg_options=on_train_aug,
    ),
    dict(
        name='pseudo_labels',
        kind='test',
        tool='make_pseudo_labels.py',
        config='configs/pseudo_labels_voc.py',
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
    # Several scales with their flips, then DeepLab-v2's CRF.
    dict(
        name='segmentor_val_tta_crf',
        kind='test',
        config=segmentor,
        checkpoint='{segmentor_train.checkpoint}',
        arguments=['--tta'],
        outputs=['labels'],
        env=data,
        cfg_options={'default_hooks.label_writer.crf': 'dense'},
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
    dict(label='CAM, train', stage='cam_make', metric='cam/mIoU_fixed'),
    dict(
        label='pseudo label, train',
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
    images=data_root + '/JPEGImages',
    masks=data_root + '/SegmentationClass',
    split=data_root + '/ImageSets/Segmentation/train.txt',
    cams='{cam_make.cams}',
    seeds='{seeds.labels}',
    boundaries='{affinity_make.boundaries}',
    labels='{pseudo_labels.labels}',
    predictions='{segmentor_train_split.labels}',
)
