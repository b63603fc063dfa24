# CLIP-ES's CAMs (arXiv:2212.09506): a frozen CLIP, nothing to train.
#   python tools/test.py configs/plug_and_play/clip-es_vit-base_voc.py
# README.md beside this file shows how to make `text_file`.
_base_ = [
    '../_base_/datasets/voc12_weak.py',
    '../_base_/schedules/default_hooks.py',
    '../_base_/default_runtime.py',
]
train_dataloader = None
val_dataloader = None
val_evaluator = None
model = dict(
    type='CLIPClassifier',
    data_preprocessor=dict(
        type='WeakLabelDataPreprocessor',
        # CLIP's own, times 255.
        mean=[122.771, 116.746, 104.094],
        std=[68.501, 66.632, 70.323],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type='TimmViT',
        arch='vit_base_patch16_clip_quickgelu_224',  # OpenAI's activation
        projection=512,
        init_cfg=dict(
            type='Pretrained', checkpoint='weights/clip_vit-b-16.safetensors'
        ),
    ),
    num_classes=20,
    text_file='weights/clip_vit-b-16_texts_voc.npz',
    affinity_layers=8,
    test_cfg=dict(scales=(1.0,), flip=False),
)
test_cfg = dict(type='TestLoop')
test_evaluator = [
    # Of its labels: background is 1 minus the highest score.
    dict(type='CAMIoUMetric', bg_thr=0.50),
    dict(type='ClassificationAP'),
]
custom_hooks = [dict(type='TextClassesHook')]
default_hooks = dict(
    cam_writer=dict(type='CAMGenerationHook'),
    visualization=dict(type='CAMVisualizationHook'),
)
