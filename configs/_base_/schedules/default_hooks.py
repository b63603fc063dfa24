# The hooks of every training here: mmengine's own, a logger that speaks every
# half minute, and those that make it safe to stop at any moment and to resume
# from there. Addressed by name: default_hooks.logger.interval=10.
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='TimedLoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='AtomicCheckpointHook', interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    exact_resume=dict(type='ExactResumeHook'),
    guard=dict(type='CheckpointGuardHook'),
    finite_loss=dict(type='NonFiniteLossHook', patience=3),
    graceful_stop=dict(type='GracefulStopHook'),
)
