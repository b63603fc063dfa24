_base_ = [
    '_base_/models/cam_r50.py',
    '_base_/datasets/coco14_weak.py',
    '_base_/schedules/schedule_8e.py',
    '_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=80),
    # ReCAM's released code for COCO (run_sample_coco.py).
    test_cfg=dict(scales=(0.5, 1.0, 1.5, 2.0)),
)
# 5 epochs of batches of 16 and weight decay 1e-4: ReCAM's released code for
# COCO. Its lr of 0.1 goes with IRNet's optimiser, whose momentum is 1e-4 (see
# irn_3e.py); here AMR's lr and momentum on VOC (a guess).
train_cfg = dict(max_epochs=5)
param_scheduler = dict(end=5)
