# BES's classifier: the baseline with attention pooling. BES cuts the gradient
# behind ResNet's second stage; here two stages are frozen anyway.
_base_ = './cam_lite0_voc.py'
model = dict(head=dict(attention=1e-3))  # released code
