"""Configs of other class lists, fitted; the oracle is what gets built."""

import argparse
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import DATASETS, MODELS

from projects.amr.errors import UserError
from projects.amr.runtime.checkpoints.pretrained import drop_pretrained
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.workflow.labels.mask_tools import config_classes
from projects.amr.workflow.launch.own_classes import fit_classes
from projects.amr.workflow.launch.tool_setup import load_config

CONFIGS = Path(__file__).parents[3] / 'configs'
NAMES = ('background', 'Äpfel', 'dog', 'sofa')
LEAVES = sorted(
    path
    for folder in (CONFIGS, CONFIGS / 'toy')
    for path in folder.glob('*_*.py')
    if path.name != 'own_data_example.py'
)


def outputs(cfg):
    """Output channels of the layers that give a value a class."""
    if 'model' not in cfg:  # it makes labels of CAM records
        return {}
    drop_pretrained(cfg.model)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    return {
        name: layer.weight.shape[0]
        for name, layer in model.named_modules()
        if (name.endswith('classifier') and 'boundary' not in name)
        or ('decode_head.convs.' in name and hasattr(layer, 'weight'))
    }


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_every_config_fits_another_class_list(path):
    cfg = Config.fromfile(path)
    plain = outputs(deepcopy(cfg))
    fit_classes(cfg, NAMES)
    fitted = outputs(deepcopy(cfg))
    assert fitted.keys() == plain.keys()
    for name, channels in fitted.items():
        if name.startswith('sub_head.'):  # clusters of the classes
            assert channels == 3 * cfg.model.num_clusters
        else:
            assert channels == (4 if 'decode_head' in name else 3)
    for key in ('train', 'val', 'test'):
        loader = cfg.get(f'{key}_dataloader')
        if loader:
            assert loader.dataset.metainfo['classes'] == NAMES
            assert loader.dataset.metainfo['palette'] == (
                voc_palette(4).tolist()
            )
    twice = deepcopy(cfg)
    fit_classes(twice, NAMES)
    assert twice.to_dict() == cfg.to_dict()


def nested(**model):
    """A config of 20 classes whose datasets are wrapped."""
    plain = {'type': 'VOCWeakLabelDataset', 'data_root': 'none'}
    return Config(
        {
            'train_dataloader': {
                'dataset': {
                    'type': 'RepeatDataset',
                    'dataset': {
                        'type': 'ConcatDataset',
                        'datasets': [plain, deepcopy(plain)],
                    },
                }
            },
            'test_dataloader': {'dataset': deepcopy(plain)},
            'model': model,
        }
    )


def test_counts_are_fitted_at_any_depth_and_nothing_else_is():
    cfg = nested(
        heads=[{'num_classes': 20}, {'inner': {'num_classes': 21}}],
        num_foreground=20,
        channels=20,
        aux=None,
    )
    fit_classes(cfg, NAMES)
    assert cfg.model.to_dict() == {
        'heads': [{'num_classes': 3}, {'inner': {'num_classes': 4}}],
        'num_foreground': 3,
        'channels': 20,
        'aux': None,
    }
    wrapped = cfg.train_dataloader.dataset.dataset.datasets
    assert [d.metainfo['classes'] for d in wrapped] == [NAMES, NAMES]
    assert 'label_source' not in wrapped[0]


def test_a_count_of_neither_kind_is_named():
    cfg = nested(heads=[{'num_classes': 20}, {'num_classes': 19}])
    with pytest.raises(UserError, match=r'model\.heads\.1\.num_classes = 19'):
        fit_classes(cfg, NAMES)


def test_labels_come_from_the_file_where_there_is_one(tmp_path):
    (tmp_path / 'labels.csv').write_text('image,labels\na,dog;Äpfel\n')
    (tmp_path / 'JPEGImages').mkdir()
    (tmp_path / 'JPEGImages' / 'a.PNG').write_bytes(b'x')
    (tmp_path / 'list.txt').write_text('a\n')
    cfg = nested()
    dataset = cfg.test_dataloader.dataset
    dataset.update(data_root=str(tmp_path), ann_file='list.txt')
    dataset.data_prefix = {'part_map_path': 'SegmentationPart'}
    maps = {'type': 'VOCLabelMapDataset', 'data_root': str(tmp_path)}
    cfg.val_dataloader = {'dataset': maps}
    fit_classes(cfg, NAMES)
    built = DATASETS.build(dataset)
    assert built[0]['img_label'].tolist() == [1, 1, 0]
    assert 'part_map_path' not in built[0]
    assert built.metainfo['classes'] == NAMES
    assert 'label_file' not in cfg.val_dataloader.dataset


def load(path, **options):
    args = argparse.Namespace(config=path, cfg_options=options)
    return load_config(args)


def test_tools_take_the_list_from_the_environment_or_an_option(
    tmp_path, monkeypatch
):
    path = tmp_path / "it's mine, all of it.txt"
    plain = tmp_path / 'classes.txt'
    for file in (path, plain):
        file.write_text('\n'.join(NAMES), encoding='utf-8')
    config = CONFIGS / 'toy' / 'amr_r26_toyvoc.py'
    assert load(config).model.spotlight.head.num_classes == 4
    assert config_classes(str(config))[1] == 'alvo'
    option = load(config, class_file=str(plain))
    assert option.model.spotlight.head.num_classes == 3
    monkeypatch.setenv('CLASS_FILE', str(path))
    cfg = load(config)
    assert cfg.class_file == str(path)
    assert cfg.model.to_dict() == option.model.to_dict()
    assert config_classes(str(config)) == NAMES
    cfg.dump(tmp_path / 'dumped.py')
    monkeypatch.delenv('CLASS_FILE')
    again = load(tmp_path / 'dumped.py')
    assert again.model.to_dict() == cfg.model.to_dict()
