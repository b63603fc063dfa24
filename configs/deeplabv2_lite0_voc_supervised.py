# The upper bound: true masks as labels.
_base_ = './deeplabv2_lite0_voc.py'
train_dataloader = dict(
    dataset=dict(data_prefix=dict(seg_map_path='SegmentationClass'))
)
