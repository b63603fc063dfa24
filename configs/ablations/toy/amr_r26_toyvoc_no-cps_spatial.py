# Table 3, spatial AMM alone: 53.5.
_base_ = '../../toy/amr_r26_toyvoc_no-cps.py'
model = dict(
    compensation=dict(
        backbone=dict(
            plugins=[
                dict(
                    cfg=dict(
                        type='AttentionModulation',
                        modulation=dict(type='gaussian'),
                        channel=False,
                    ),
                    position='after_conv3',
                )
            ]
        )
    )
)
