# Release: rectified CAMs, first image plus mirrored second image.
_base_ = '../../toy/amr_r26_toyvoc_cps0.05.py'
model = dict(loss_cps=dict(rectify=True, pairing='first_two'))
