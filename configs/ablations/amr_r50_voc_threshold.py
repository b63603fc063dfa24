# Table 4, threshold in place of the Gaussian: 50.1.
_base_ = '../amr_r50_voc.py'
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
