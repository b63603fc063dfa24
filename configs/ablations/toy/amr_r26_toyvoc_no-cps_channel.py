# Table 3, channel AMM alone: 52.9.
_base_ = '../../toy/amr_r26_toyvoc_no-cps.py'
model = dict(
    compensation=dict(
        backbone=dict(
            plugins=[
                dict(
                    cfg=dict(
                        type='AttentionModulation',
                        modulation=dict(type='gaussian'),
                        spatial=False,
                    ),
                    position='after_conv3',
                )
            ]
        )
    )
)
