# Table 5: 49.2. Of the test alone; any checkpoint of the parent will do.
_base_ = '../../toy/amr_r26_toyvoc.py'
model = dict(xi=0.1)
