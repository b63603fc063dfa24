# An AMM at the end of each stage, not in each block: for a backbone without
# plugins.
_base_ = '../amr_r50_voc.py'
model = dict(
    compensation=dict(
        backbone=dict(
            _delete_=True,
            type='StageModulation',
            backbone={{_base_.model.spotlight.backbone}},
            stages=dict(layer1=256, layer2=512, layer3=1024, layer4=2048),
        )
    )
)
