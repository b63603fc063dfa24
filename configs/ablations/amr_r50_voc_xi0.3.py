# Table 5: 53.4. Of the test alone; any checkpoint of the parent will do.
_base_ = '../amr_r50_voc.py'
model = dict(xi=0.3)
