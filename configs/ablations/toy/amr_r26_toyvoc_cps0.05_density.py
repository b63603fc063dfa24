# Release: densities in place of the bell with peak 1.
_base_ = '../../toy/amr_r26_toyvoc_cps0.05.py'
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
