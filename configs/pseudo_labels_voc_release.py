# The walk as the released AMR runs it, after irnet_r50_voc_release.py.
_base_ = './pseudo_labels_voc.py'
label_transform = dict(
    cam_power=1.5,  # AMR's released code, from AdvCAM
    enlarge_by=4,  # IRNet's released code
)
