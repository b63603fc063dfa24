# The AMM of the released code, where it differs from the paper's; for
# *_release.py, in the place of their plugin's cfg.
amm = dict(
    type='AttentionModulation',
    channel_transform='mlp',
    spatial_transform='max_mean',
    norm_always_train=True,
    modulation=dict(
        type='gaussian',
        stats='batch',
        peak=False,
        unbiased=True,
        detach_stats=True,
        eps=0.0,
    ),
)
