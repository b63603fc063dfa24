# What the trainings on EfficientNet-Lite have in common: they count steps,
# speak often, save often, and run channels last.
_base_ = './default_hooks.py'
default_hooks = dict(
    logger=dict(interval=10, log_metric_by_epoch=False),
    checkpoint=dict(by_epoch=False, interval=50),
    channels_last=dict(type='ChannelsLastHook'),
)
