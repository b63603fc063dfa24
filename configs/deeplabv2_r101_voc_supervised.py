# The upper bound: ground truth (VOC's and SBD's masks) as labels.
_base_ = './deeplabv2_r101_voc.py'
train_dataloader = dict(
    dataset=dict(data_prefix=dict(seg_map_path='SegmentationClassAug'))
)
