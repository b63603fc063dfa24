# AMR on Wide-ResNet38, output stride 8. Not in the paper, but for its use
# with SEAM (Table 6), which is seam_amr_wrn38_voc.py.
_base_ = '../amr_r50_voc.py'
backbone = dict(
    type='WideResNet38',
    frozen_stages=1,
    norm_eval=True,
    init_cfg=dict(
        type='Pretrained',
        checkpoint='weights/res38_cls.pth',
    ),
)
head = dict(in_channels=4096)
model = dict(
    spotlight=dict(backbone=dict(_delete_=True, **backbone), head=head),
    compensation=dict(
        backbone=dict(
            _delete_=True,
            type='StageModulation',
            backbone=backbone,
            # The end of each residual branch of the stages that are trained.
            branches={
                'b3*.conv_branch2b1': 256,
                'b4*.conv_branch2b1': 512,
                'b5*.conv_branch2b1': 1024,
                'b6.conv_branch2b2': 2048,
                'b7.conv_branch2b2': 4096,
            },
        ),
        head=head,
    ),
)
