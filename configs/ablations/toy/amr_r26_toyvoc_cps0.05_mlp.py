# Release: channel attention C -> C/16 -> C.
_base_ = '../../toy/amr_r26_toyvoc_cps0.05.py'
model = dict(
    compensation=dict(
        backbone=dict(
            plugins=[
                dict(
                    cfg=dict(
                        type='AttentionModulation',
                        channel_transform='mlp',
                        modulation=dict(type='gaussian'),
                    ),
                    position='after_conv3',
                )
            ]
        )
    )
)
