# Seeds by AffinityNet's recipe: two background scores (1 - max)^alpha.
_base_ = './seeds_voc.py'
label_transform = dict(
    _delete_=True,
    type='GenerateSeed',
    recipe='affinitynet',
    alpha_low=4.0,
    alpha_high=32.0,
    crf='dense',
)
