# amr_lite0 with SC-CAM in AMR's place: the baseline, clusters of its features,
# the second round.
#   VOC_ROOT=FOLDER CLASS_FILE=FOLDER/classes.txt python tools/run_pipeline.py
#       configs/pipelines/amr_lite0_sccam.py
_base_ = './amr_lite0.py'
name = 'amr_lite0_sccam'
title = 'SC-CAM on EfficientNet-Lite 0'
first_round = 'configs/cam_lite0_voc.py'
data = dict(VOC_ROOT='{{$VOC_ROOT:data/VOCdevkit/VOC2012}}')
stage_overrides = {
    'cam_*': dict(config='configs/sccam_lite0_voc.py'),
    'clusters': dict(
        _before_='cam_train',
        kind='tool',
        tool='cluster_images.py',
        arguments=[
            first_round,
            '{plain_train.checkpoint}',
            '{stage}/subcategories.npz',
        ],
        outputs=dict(file='{stage}/subcategories.npz'),
        env=data,
    ),
    'plain_train': dict(
        _before_='clusters', kind='train', config=first_round, env=data
    ),
    'cam_train': dict(
        cfg_options={
            'train_dataloader.dataset.pipeline.1.path': '{clusters.file}'
        }
    ),
}
