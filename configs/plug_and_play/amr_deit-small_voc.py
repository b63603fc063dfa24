# AMR on mmpretrain's vision transformer: its blocks pass tokens, so the AMM
# stands behind the feature map that it returns; output stride 16. Not in the
# paper.
_base_ = '../amr_r50_voc.py'
backbone = dict(
    type='mmpretrain.VisionTransformer',
    arch='deit-small',
    img_size=224,  # of the weights; position embeddings are resized
    patch_size=16,
    out_type='featmap',
    init_cfg=dict(
        type='Pretrained',
        prefix='backbone.',
        checkpoint='https://mmassets.onedl.ai/mmclassification/v0/deit/'
        'deit-small_pt-4xb256_in1k_20220218-9425b9bb.pth',
    ),
)
head = dict(in_channels=384)
model = dict(
    spotlight=dict(backbone=dict(_delete_=True, **backbone), head=head),
    compensation=dict(
        backbone=dict(
            _delete_=True,
            type='StageModulation',
            backbone=backbone,
            stages={'': 384},  # the backbone itself
        ),
        head=head,
    ),
)
# SGD is for ResNets; a guess.
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=1e-4, weight_decay=0.05)
)
