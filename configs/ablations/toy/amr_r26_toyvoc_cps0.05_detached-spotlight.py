# Release: the spotlight is a trained classifier; only its head moves.
_base_ = '../../toy/amr_r26_toyvoc_cps0.05.py'
model = dict(
    detach_spotlight=True,
    spotlight=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='{{$TOY_CLASSIFIER:work_dirs/cam_r26_toyvoc/epoch_12.pth}}',
        )
    ),
)
