# AMR on mmpretrain's ConvNeXt, which has no plugins; output stride 32. Not
# in the paper.
_base_ = '../amr_r50_voc.py'
backbone = dict(
    type='mmpretrain.ConvNeXt',
    arch='tiny',
    out_indices=(3,),
    gap_before_final_norm=False,  # a feature map, not a vector
    init_cfg=dict(
        type='Pretrained',
        prefix='backbone.',
        checkpoint='https://mmassets.onedl.ai/mmclassification/v0/convnext/'
        'convnext-tiny_32xb128_in1k_20221207-998cf3e9.pth',
    ),
)
head = dict(in_channels=768)
model = dict(
    spotlight=dict(backbone=dict(_delete_=True, **backbone), head=head),
    compensation=dict(
        backbone=dict(
            _delete_=True,
            type='StageModulation',
            backbone=backbone,
            # The end of each block's residual branch.
            branches={
                'stages.0.*.drop_path': 96,
                'stages.1.*.drop_path': 192,
                'stages.2.*.drop_path': 384,
                'stages.3.*.drop_path': 768,
            },
        ),
        head=head,
    ),
)
# SGD is for ResNets; a guess.
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=1e-4, weight_decay=0.05)
)
