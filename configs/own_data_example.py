# Photos of your own and a CSV of their labels (image,labels with `;` between
# names), through the whole chain. Name them here, or on the command line:
#   python tools/run_pipeline.py configs/own_data_example.py
#       --cfg-options own_data.image_dir=FOLDER own_data.label_file=FILE
_base_ = './pipelines/amr_lite0.py'  # a CPU will do
# The paper's ResNets, on a GPU: _base_ = './pipelines/amr_voc12.py'
name = 'own_data'
title = 'AMR on own photos'
own_data = dict(
    image_dir='data/photos',  # with sub-folders, any names
    label_file='data/labels.csv',
    val_share=0.1,  # or val_list='val.txt'
    no_label='error',  # 'keep' or 'drop' photos that have no label
)
# Single stages are changed or left out by name, see pipelines/README.md:
# stage_overrides = dict(
#     segmentor_train=dict(cfg_options={'train_cfg.max_iters': 800})
# )
