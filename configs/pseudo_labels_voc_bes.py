# Pseudo labels as BES walks: IRNet's walk, its own beta.
_base_ = './pseudo_labels_voc.py'
label_transform = dict(beta=5.0)  # released code
