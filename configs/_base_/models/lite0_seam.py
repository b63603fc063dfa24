# SEAM in CAMClassifier's place; values of seam_wrn38_voc.py, or guesses.
lite0_seam = dict(
    type='SEAM',
    # Strides 8, 16 and 32; pixel correlation reads the first two (a guess:
    # SEAM's are conv4 and conv5 of Wide-ResNet38).
    backbone=dict(out_indices=(2, 4, 7)),
    pcm=dict(
        type='PixelCorrelation', in_channels=(40, 112), channels=(32, 64)
    ),
    # 0.3 would leave 76 pixels, three positions a side (a guess).
    view_scale=0.5,
    loss_min=dict(type='AdaptiveMinPoolingLoss', share=0.25),
    loss_er=dict(type='EquivariantRegularizationLoss'),
    loss_ecr=dict(type='EquivariantCrossRegularizationLoss', top_share=0.2),
)
