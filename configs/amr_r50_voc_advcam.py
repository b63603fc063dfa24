# The paper preset with AdvCAM instead of plain CAMs (the released code's
# way; not in the paper). Tests a checkpoint of amr_r50_voc.py.
_base_ = './amr_r50_voc.py'
model = dict(
    test_cfg=dict(
        extractor=dict(
            type='AdvCAM',
            # Half of the steps at scale 0.5: released code.
            num_steps=(13, 27, 27, 27, 27, 27, 27),
            # The strength that the weight of 7 was chosen for: released code.
            ad_reduction='positive',
        ),
        max_batch=4,  # items of two views: a matter of memory alone
    )
)
