# The whole chain on ToyVOC, on a CPU in minutes: what `make demo` runs.
_base_ = './amr_voc12.py'
name = 'amr_toy'
title = 'AMR on ToyVOC'
toy = True  # its figures cannot be compared with published ones
work_dir = 'work_dirs/amr_toy'
seed = 0
data_root = '{{$TOYVOC_ROOT:data/toyvoc}}'
on_the_set = dict(VOC_ROOT='{toy_set.data}', TOYVOC_ROOT='{toy_set.data}')
# With the paper's weight of L_cps, 1, the branches become one map here (see
# configs/toy/results); this is the released weight.
light = {'model.loss_cps.loss_weight': 0.05}
stage_overrides = {
    'toy_set': dict(
        _before_='check',
        kind='tool',
        tool='dataset_converters/make_toy_voc.py',
        arguments=[data_root, '--preset', 'demo'],
        outputs=dict(data=data_root),
    ),
    'check': dict(
        arguments=[
            *('--data-root', '{toy_set.data}'),
            *('--train', 'train_aug', '--val', 'val'),
            *('--out', '{stage}/check.json'),
        ],
    ),
    'cam_*': dict(
        config='configs/toy/amr_r26_toyvoc.py',
        cfg_options=light,
        env=on_the_set,
    ),
    'seeds': dict(config='configs/toy/seeds_toyvoc.py', env=on_the_set),
    'affinity_*': dict(
        config='configs/toy/irnet_r26_toyvoc.py', env=on_the_set
    ),
    # The boundary network stands on AMR's spotlight.
    'affinity_train': dict(
        cfg_options={
            'model.backbone.init_cfg.checkpoint': '{cam_train.checkpoint}',
            'model.backbone.init_cfg.prefix': 'spotlight.backbone.',
        },
    ),
    'pseudo_labels': dict(
        config='configs/toy/pseudo_labels_toyvoc.py', env=on_the_set
    ),
    'segmentor_*': dict(
        config='configs/toy/deeplabv2_r26_toyvoc.py', env=on_the_set
    ),
    'segmentor_val_tta_crf': None,
}
roles = dict(
    images='{toy_set.data}/JPEGImages',
    masks='{toy_set.data}/SegmentationClass',
    split='{toy_set.data}/ImageSets/Segmentation/train.txt',
)
