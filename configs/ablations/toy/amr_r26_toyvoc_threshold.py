# Table 4, threshold in place of the Gaussian: 50.1.
_base_ = '../../toy/amr_r26_toyvoc.py'
model = dict(
    compensation=dict(
        backbone=dict(
            plugins=[
                dict(
                    cfg=dict(
                        type='AttentionModulation',
                        modulation=dict(type='threshold'),
                    ),
                    position='after_conv3',
                )
            ]
        )
    )
)
