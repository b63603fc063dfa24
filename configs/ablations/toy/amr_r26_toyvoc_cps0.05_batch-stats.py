# Release: statistics of the whole batch, detached, unbiased.
_base_ = '../../toy/amr_r26_toyvoc_cps0.05.py'
model = dict(
    compensation=dict(
        backbone=dict(
            plugins=[
                dict(
                    cfg=dict(
                        type='AttentionModulation',
                        modulation=dict(
                            type='gaussian',
                            stats='batch',
                            unbiased=True,
                            detach_stats=True,
                        ),
                    ),
                    position='after_conv3',
                )
            ]
        )
    )
)
