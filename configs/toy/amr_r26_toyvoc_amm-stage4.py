_base_ = './amr_r26_toyvoc.py'
model = dict(
    compensation=dict(
        backbone=dict(
            plugins=[
                dict(
                    cfg=dict(
                        type='AttentionModulation',
                        modulation=dict(type='gaussian'),
                    ),
                    position='after_conv3',
                    stages=(False, False, False, True),
                )
            ]
        )
    )
)
