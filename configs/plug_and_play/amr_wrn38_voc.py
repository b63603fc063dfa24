# AMR on Wide-ResNet38, output stride 8. Not in the paper, but for its use
# with SEAM (Table 6), which is seam_amr_wrn38_voc.py.
_base_ = '../amr_r50_voc.py'
backbone = dict(
    type='WideResNet38',
    frozen_stages=1,
    norm_eval=True,
    init_cfg=dict(
        type='Pretrained',
        checkpoint='{{$WRN38_WEIGHTS:weights/res38_cls.pth}}',
    ),
)
head = dict(in_channels=4096)
model = dict(
    spotlight=dict(backbone=dict(_delete_=True, **backbone), head=head),
    compensation=dict(
        backbone=dict(
            _delete_=True,
            type='StageModulation',
            # Not frozen, see seam_amr_wrn38_voc.py.
            backbone=dict(backbone, norm_eval=False),
            # The last block of each stage that is trained.
            stages=dict(b3_2=256, b4_5=512, b5_2=1024, b6=2048, b7=4096),
        ),
        head=head,
    ),
)
