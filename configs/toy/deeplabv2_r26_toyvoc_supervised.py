# The upper bound: ground truth as labels.
_base_ = './deeplabv2_r26_toyvoc.py'
train_dataloader = dict(
    dataset=dict(data_prefix=dict(seg_map_path='SegmentationClass'))
)
