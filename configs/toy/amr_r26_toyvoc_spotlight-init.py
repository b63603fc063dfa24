# The spotlight starts from a trained baseline, as in the released code.
_base_ = './amr_r26_toyvoc.py'
model = dict(
    spotlight=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='{{$TOY_CLASSIFIER:work_dirs/cam_r26_toyvoc/epoch_12.pth}}',
        )
    )
)
