# AdvCAM on a checkpoint of cam_r26_toyvoc.py; half of the steps at the
# smallest scale, as in the released code. L_AD is the mean over positions, not
# the released sum (ad_reduction='positive').
_base_ = './cam_r26_toyvoc.py'
model = dict(
    test_cfg=dict(
        extractor=dict(type='AdvCAM', num_steps=(13, 27, 27, 27)),
        max_batch=32,
    )
)
