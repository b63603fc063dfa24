_base_ = []  # mmengine 0.10.7 refuses a config that imports before it

import os

# A class list of own data (one name a line, `background` first), to which
# tools/train.py and tools/test.py fit datasets and heads; none without it.
class_file = os.environ.get('CLASS_FILE', '')
# Declared here only: a list in a child config would replace this one.
custom_imports = dict(imports=['projects.amr'], allow_failed_imports=False)
default_scope = 'mmseg'
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(
    type='SegLocalVisualizer', vis_backends=vis_backends, name='visualizer'
)
log_processor = dict(by_epoch=True)
log_level = 'INFO'
# Speed of trainings that changes no result but for rounding:
# --amp (tools/train.py), and by --cfg-options
# default_hooks.channels_last.type=ChannelsLastHook and compile=True (or
# compile.mode=..., compile.backend=...: arguments of torch.compile). Of tests:
# test_cfg.fp16=True, the same hook and
# default_hooks.fuse_conv_bn.type=FuseConvBNHook
# A loader has at most as many processes as there are usable cores; True takes
# num_workers as it stands. So does --cfg-options with a num_workers.
keep_workers = False
# On a processor that only emulates bfloat16, True keeps --amp bf16 and fp16.
emulate_half = False
load_from = None
resume = False
randomness = dict(seed=0)
