# AdvCAM on one classifier (published: CAM 55.6). Tests a checkpoint of
# cam_r50_voc.py; the published one was trained with IRNet's recipe.
_base_ = './cam_r50_voc.py'
model = dict(
    test_cfg=dict(
        # Scales, half of the steps at 0.5 and the threshold below: released
        # code of AdvCAM. T = 27 steps: paper; the code takes one less, see
        # amr_r50_voc_release.py.
        scales=(0.5, 1.0, 1.5, 2.0),
        extractor=dict(
            type='AdvCAM',
            num_steps=(13, 27, 27, 27),
            # The strength that the weight of 7 was chosen for: released code.
            ad_reduction='positive',
        ),
        max_batch=4,  # items of two views: a matter of memory alone
    )
)
test_evaluator = [
    dict(type='CAMIoUMetric', bg_thr=0.15),
    dict(type='ClassificationAP'),
]
