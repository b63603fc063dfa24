# Table 3, spatial AMM alone: 53.5.
_base_ = './amr_r50_voc_no-cps.py'
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
