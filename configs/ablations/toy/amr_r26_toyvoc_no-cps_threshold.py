# Table 4 without L_cps (beyond the paper).
_base_ = '../../toy/amr_r26_toyvoc_no-cps.py'
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
