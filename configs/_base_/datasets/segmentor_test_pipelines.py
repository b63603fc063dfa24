# How segmentors see the images of a test, at their own sizes or, with
# tools/test.py --tta, at several with their flips.
pack = dict(
    type='PackLabelMapInputs',
    meta_keys=(
        'img_id',
        'img_path',
        'seg_map_path',
        'ori_shape',
        'img_shape',
        'pad_shape',
        'scale_factor',
        'flip',
        'flip_direction',
        'reduce_zero_label',
    ),
)
test_pipeline = [
    # By this name, since mmseg's MMSegInferencer looks for it.
    dict(type='LoadImageFromFile'),
    dict(type='LoadMaskIfPresent'),
    pack,
]
tta_pipeline = [
    dict(type='LoadWeakLabelImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(
                    type='ResizeNonEmpty',
                    scale_factor=factor,
                    keep_ratio=True,
                )
                for factor in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
            ],
            [
                dict(type='RandomFlip', prob=0.0),
                dict(type='RandomFlip', prob=1.0),
            ],
            [dict(type='LoadMaskIfPresent')],
            [pack],
        ],
    ),
]
