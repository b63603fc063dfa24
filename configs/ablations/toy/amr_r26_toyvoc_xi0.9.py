# Table 5: 50.7. Of the test alone; any checkpoint of the parent will do.
_base_ = '../../toy/amr_r26_toyvoc.py'
model = dict(xi=0.9)
