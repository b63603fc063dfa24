# The modulation's values are densities, as in the released code.
_base_ = './amr_r26_toyvoc.py'
model = dict(
    compensation=dict(
        backbone=dict(
            plugins=[
                dict(
                    cfg=dict(
                        type='AttentionModulation',
                        modulation=dict(type='gaussian', peak=False),
                    ),
                    position='after_conv3',
                )
            ]
        )
    )
)
