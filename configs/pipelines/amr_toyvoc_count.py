# amr_toy on as many images as VOC has, 10,582 / 1,449 of about 96 px: what
# changes with the number of images and not with their size (memory of the
# stages, lists, keys, progress, resuming), on a CPU in less than two hours.
# One epoch of the classifier and of the affinity network; its mIoU says
# nothing of VOC.
#
#   python tools/run_pipeline.py configs/pipelines/amr_toyvoc_count.py
_base_ = './amr_toy.py'
name = 'amr_toyvoc_count'
title = "AMR on ToyVOC, VOC's number of images"
work_dir = 'work_dirs/amr_toyvoc_count'
data_root = '{{$TOYVOC_ROOT:data/toyvoc_count}}'
one_epoch = {'train_cfg.max_epochs': 1, 'param_scheduler.end': 1}
stage_overrides = {
    'toy_set': dict(
        arguments=[
            *(data_root, '--preset', 'demo'),
            *('--set', 'num_train=10582', 'num_val=1449'),
        ],
        outputs=dict(data=data_root),
    ),
    'cam_train': dict(cfg_options=one_epoch),
    'affinity_train': dict(cfg_options=one_epoch),
}
