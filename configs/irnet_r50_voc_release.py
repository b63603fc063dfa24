# IRNet as the released AMR runs it, switch by switch; irnet_r50_voc.py keeps
# IRNet's own CAMs and all pairs. After amr_r50_voc_release.py: SEED_DIR and
# CAM_DIR name what was made of its CAMs.
_base_ = './irnet_r50_voc.py'
model = dict(
    # A pixel is the source of pairs where its whole half disc lies in the
    # crop: IRNet's released code.
    interior_only=True,
    test_cfg=dict(
        cam_power=1.5,  # AMR's released code, from AdvCAM
        # IRNet's released code: the network sees each image padded to the
        # crop's size, and walked maps are enlarged by the stride and cut.
        pad_size=512,
        enlarge_by=4,
    ),
)
