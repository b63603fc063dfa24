# Release: spatial attention of maximum and mean, with BatchNorm.
_base_ = '../../toy/amr_r26_toyvoc_cps0.05.py'
model = dict(
    compensation=dict(
        backbone=dict(
            plugins=[
                dict(
                    cfg=dict(
                        type='AttentionModulation',
                        spatial_transform='max_mean',
                        modulation=dict(type='gaussian'),
                    ),
                    position='after_conv3',
                )
            ]
        )
    )
)
