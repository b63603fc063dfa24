_base_ = [
    '../_base_/models/irnet_r26_toy.py',
    '../_base_/datasets/toyvoc_seeds.py',
    '../_base_/schedules/irn_3e.py',
    '../_base_/default_runtime.py',
]
# 37 steps an epoch, not 661: more epochs (a guess).
train_cfg = dict(max_epochs=12)
param_scheduler = dict(end=12)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=4, max_keep_ckpts=1)
)
# At the model's background threshold, not at AffinityNet's.
test_evaluator = [
    dict(
        type='CAMIoUMetric',
        bg_thr=0.45,
        parts=('head', 'body'),
        prefix='pseudo',
    ),
]
