"""``tools/test.py`` on CLIP-ES's config at toy size: no checkpoint."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from plugged_configs import CONFIGS
from runner_configs import tiny_config
from small_transformers import LENGTH, OPTIONS, TOY_CLASSES, write_texts

from projects.amr.structures import CAMRecord

safetensors = pytest.importorskip('safetensors.torch')


@pytest.fixture
def config(toy_root, tmp_path):
    """The config file's model and hooks on toy images, with its weights."""
    own = Config.fromfile(
        CONFIGS / 'plug_and_play' / 'clip-es_vit-base_voc.py'
    )
    model = own.model.to_dict()
    model['backbone']['options'] = {**OPTIONS, 'patch_size': 8}
    model['backbone']['projection'] = LENGTH
    cfg = tiny_config(toy_root, tmp_path, {**model, 'num_classes': 4})
    cfg.model.data_preprocessor = own.model.data_preprocessor
    cfg.model.text_file = str(write_texts(tmp_path / 'texts.npz'))
    backbone = MODELS.build({**model['backbone'], 'init_cfg': None})
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    weights = tmp_path / 'clip.safetensors'
    safetensors.save_file(backbone.vit.state_dict(), weights)
    cfg.model.backbone.init_cfg.checkpoint = str(weights)
    for key in own:
        if key.startswith(('train', 'val')) or key == 'custom_hooks':
            cfg[key] = own[key]
    for key in ('train_cfg', 'val_cfg', 'optim_wrapper', 'param_scheduler'):
        cfg[key] = own.get(key)
    path = tmp_path / 'clip.py'
    cfg.dump(path)
    return path


def records(folder) -> dict[str, CAMRecord]:
    paths = (folder / 'cams').glob('*.npz')
    return {path.stem: CAMRecord.load(path) for path in paths}


def test_cams_are_written_and_kept_until_texts_change(
    config, output_of, tmp_path
):
    output_of('test', config)
    first = records(tmp_path)
    assert len(first) == 8
    assert sum(len(record.cam) for record in first.values()) > 4
    summary = json.loads((tmp_path / 'test_summary.json').read_text())
    assert summary['checkpoint'] is None
    assert 0 < summary['metrics']['cam/mIoU_best'] <= 100
    # The same texts in another order are the same classes.
    with np.load(tmp_path / 'texts.npz') as file:
        rows = file['embeddings']
    order = [3, 1, 0, 2]
    write_texts(
        tmp_path / 'texts.npz',
        [TOY_CLASSES[i] for i in order],
        embeddings=rows[order],
    )
    output_of('test', config)
    kept = records(tmp_path)
    assert {n: r.key for n, r in kept.items()} == {
        n: r.key for n, r in first.items()
    }
    write_texts(tmp_path / 'texts.npz', seed=1)
    output_of('test', config)
    made = records(tmp_path)
    assert all(made[name].key != first[name].key for name in first)


def test_texts_of_other_classes_end_the_run(config, output_of, tmp_path):
    write_texts(tmp_path / 'texts.npz', ['alvo', 'bimi', 'coru', 'dexxa'])
    assert 'dexa' in output_of('test', config, code=3)
    assert not list((tmp_path / 'cams').glob('*.npz'))


@pytest.mark.parametrize('name', ['texts.npz', 'clip.safetensors'])
def test_a_missing_file_ends_the_run(config, output_of, tmp_path, name):
    (tmp_path / name).unlink()
    assert name in output_of('test', config, code=4)


def test_a_trained_model_needs_its_checkpoint(tiny_file, output_of):
    assert 'checkpoint' in output_of('test', tiny_file, code=2)
