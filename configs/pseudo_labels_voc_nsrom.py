# NSROM's second round: pseudo labels of VOC 2012 without what is neither
# salient nor an object for the first round's segmentor, on which another
# segmentor is trained. With saliency:
#   python tools/make_pseudo_labels.py configs/pseudo_labels_voc_nsrom.py
_base_ = './pseudo_labels_voc.py'
label_dir = '{{$LABEL_DIR:work_dirs/pseudo_labels_voc/labels}}'
# The first segmentor's predictions of the training images (tools/test.py).
prediction_dir = '{{$PREDICTION_DIR:work_dirs/deeplabv2_r101_voc/labels}}'
saliency_dir = '{{$SALIENCY_DIR:data/saliency}}'  # grey PNGs of the user
label_transform = dict(
    _delete_=True,
    type='MaskNonSalient',
    salient_thr=32 / 255,  # a guess: OAA+'s
    width=30,  # released code
)
loaders = [
    dict(type='LoadWeakLabelImage'),
    dict(type='LoadLabels', label_dir=label_dir),
    dict(type='LoadLabels', label_dir=prediction_dir, key='prediction'),
    dict(type='LoadSaliency', saliency_dir=saliency_dir),
]
test_dataloader = dict(dataset=dict(pipeline=loaders))
