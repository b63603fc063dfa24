# Table 3, channel AMM alone: 52.9.
_base_ = './amr_r50_voc_no-cps.py'
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
