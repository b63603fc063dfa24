# Started from a segmentor trained on COCO, the other initialisation of the
# field (published, fully supervised: 76.7 against ImageNet's 73.4 to 74.2):
# a checkpoint whose backbone has mmseg's names,
# `backbone.layer1.0.conv1.weight` and so on. Its head is not used.
_base_ = './deeplabv2_r101_voc.py'
model = dict(
    backbone=dict(
        init_cfg=dict(
            prefix='backbone.',
            checkpoint='weights/deeplabv2_r101_coco.pth',
        )
    )
)
