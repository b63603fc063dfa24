# amr_voc12 as the released code does it: a plain classifier first, which is
# the spotlight; CAMs by AdvCAM, to the power of 1.5 before the walk. No
# segmentor was released; the code its authors point to tests on the maximum
# over the scales, without and with the CRF.
#   python tools/run_pipeline.py configs/pipelines/amr_voc12_release.py
_base_ = './amr_voc12.py'
name = 'amr_voc12_release'
title = 'The released AMR on PASCAL VOC 2012'
data = dict(VOC_ROOT='{{$VOC_ROOT:data/VOCdevkit/VOC2012}}')
on_the_maximum = {'model.test_cfg.fuse_scales': True}
stage_overrides = {
    'plain_train': dict(
        _before_='cam_train',
        kind='train',
        config='configs/cam_r50_voc_release.py',
        env=data,
    ),
    'cam_*': dict(config='configs/amr_r50_voc_release.py'),
    'cam_train': dict(
        cfg_options={
            'model.spotlight.init_cfg.checkpoint': '{plain_train.checkpoint}'
        }
    ),
    'affinity_*': dict(config='configs/irnet_r50_voc_release.py'),
    'pseudo_labels': dict(config='configs/pseudo_labels_voc_release.py'),
    'segmentor_*': dict(cfg_options=on_the_maximum),
    'segmentor_val_tta_crf': None,
    'segmentor_val_crf': dict(
        _after_='segmentor_val',
        kind='test',
        config='configs/deeplabv2_r101_voc.py',
        checkpoint='{segmentor_train.checkpoint}',
        outputs=['labels'],
        env=data,
        cfg_options={
            'default_hooks.label_writer.crf': 'dense',
            **on_the_maximum,
        },
    ),
}
headline = [
    dict(label='CAM, train', stage='cam_make', metric='cam/mIoU_fixed'),
    dict(
        label='pseudo label, train',
        stage='pseudo_labels',
        metric='labels/mIoU',
    ),
    dict(label='segmentor, val', stage='segmentor_val', metric='mIoU'),
    dict(
        label='segmentor, val, CRF',
        stage='segmentor_val_crf',
        metric='labels/mIoU',
    ),
]
