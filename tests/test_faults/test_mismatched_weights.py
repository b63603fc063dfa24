"""Rows 29 and 30 of the faults: weights of another model, or none at all."""

import hashlib
from copy import deepcopy

import pytest
import torch
from mmseg.registry import MODELS
from tool_process import run_tool_process

from model_configs import AMM, backbone, branch, build
from projects.amr.errors import CheckpointMismatchError, MissingWeightsError
from projects.amr.runtime.checkpoints.pretrained import (
    cached_path,
    find_weights,
    resolve_source,
)
from projects.amr.runtime.checkpoints.strict_loading import use_strict_loading


def load(config, state, tmp_path, **init):
    """Build a model that starts from a state dict."""
    use_strict_loading()
    path = tmp_path / 'weights.pth'
    torch.save(state, path)
    config = deepcopy(config)
    config['init_cfg'] = {
        'type': 'Pretrained',
        'checkpoint': str(path),
        **init,
    }
    model = MODELS.build(config)
    model.init_weights()
    return model


def test_fault29_own_weights_and_a_foreign_head_load(tmp_path):
    state = build(backbone()).state_dict()
    torch.nn.init.normal_(state['conv1.weight'])
    state['fc.weight'] = torch.zeros(1000, 128)
    model = load(
        backbone(), {f'module.{k}': v for k, v in state.items()}, tmp_path
    )
    assert torch.equal(model.conv1.weight, state['conv1.weight'])


def test_fault29_attention_modules_may_start_anew(tmp_path):
    state = build(backbone()).state_dict()
    key = 'layer4.0.conv3.weight'
    torch.nn.init.normal_(state[key])
    model = load(backbone(AMM), state, tmp_path)
    assert torch.equal(model.state_dict()[key], state[key])


def test_fault29_old_files_without_batch_counters_load(tmp_path):
    state = build(backbone()).state_dict()
    torch.nn.init.normal_(state['conv1.weight'])
    old = {k: v for k, v in state.items() if 'num_batches' not in k}
    assert len(old) < len(state)
    loaded = load(backbone(), old, tmp_path).state_dict()
    assert set(loaded) == set(state)
    for key, value in state.items():
        assert torch.equal(loaded[key], value), key


@pytest.mark.parametrize(
    ('other', 'words'),
    [
        (backbone(base_channels=8), 'shape: layer1.0.conv1.weight'),
        (backbone(AMM), 'unknown to the model: layer1.0.amm'),
        ({'type': 'WideResNet38', 'width_divisor': 64}, 'missing in the file'),
    ],
)
def test_fault29_another_network_is_refused(tmp_path, other, words):
    state = build(other).state_dict()
    with pytest.raises(CheckpointMismatchError, match=words) as caught:
        load(backbone(), state, tmp_path)
    assert 'weights.pth does not fit ShallowResNet' in str(caught.value)
    load(backbone(), state, tmp_path, strict=False)


def test_fault29_another_class_count_is_refused(tmp_path):
    other = branch()
    other['head']['num_classes'] = 7
    with pytest.raises(CheckpointMismatchError, match=r'\(7, 128, 1, 1\)'):
        load(branch(), build(other).state_dict(), tmp_path)


def test_fault29_part_of_a_file(tmp_path):
    state = build(branch()).state_dict()
    model = load(backbone(), state, tmp_path, prefix='backbone.')
    key = 'layer1.0.conv1.weight'
    assert torch.equal(model.state_dict()[key], state[f'backbone.{key}'])
    with pytest.raises(CheckpointMismatchError, match='missing in the file'):
        load(backbone(), state, tmp_path, prefix='spotlight.backbone')


def test_fault29_resume_of_another_model(undisturbed, killed):
    wider = ('--cfg-options', 'model.backbone.stem_channels=8')
    output = undisturbed.resumed(killed.parent, *wider, code=2)
    message = output.split('ERROR: ')[-1]
    assert 'epoch_1.pth is not a checkpoint of this model' in message
    assert '(CAMClassifier)' in message
    assert 'checkpoint (4, 3, 7, 7), model (8, 3, 7, 7)' in message


def test_fault30_hash_of_a_cached_file(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    digest = hashlib.sha256(b'right').hexdigest()[:8]
    url = f'https://example.org/resnet50-{digest}.pth'
    path = cached_path(url)
    path.parent.mkdir()
    path.write_bytes(b'right')
    assert find_weights(url) == path
    path.write_bytes(b'wrong')
    with pytest.raises(MissingWeightsError) as caught:
        find_weights(url)
    text = str(caught.value)
    found = hashlib.sha256(b'wrong').hexdigest()[:8]
    for part in (url, str(path), digest, found, '5 bytes'):
        assert part in text
    assert caught.value.exit_code == 4


def test_fault30_names_of_model_zoos(tmp_path):
    url = resolve_source('open-mmlab://resnet50_v1c')
    assert url.startswith('https://')
    assert 'resnet50_v1c' in url
    assert resolve_source('torchvision://resnet50').startswith('https://')
    assert resolve_source('/a/b.pth') == '/a/b.pth'
    for source in ('open-mmlab://none_such', 'pavi://a'):
        with pytest.raises(MissingWeightsError, match=source):
            resolve_source(source)


def test_fault30_no_network_ends_with_url_hash_and_place(
    undisturbed, tmp_path
):
    url = 'http://127.0.0.1:9/resnet-0123abcd.pth'
    output = run_tool_process(
        'train.py',
        undisturbed.config,
        '--work-dir',
        'work',
        '--cfg-options',
        'model.backbone.init_cfg.type=Pretrained',
        f'model.backbone.init_cfg.checkpoint={url}',
        cwd=tmp_path,
        code=4,
        TORCH_HOME=str(tmp_path / 'torch'),
    )
    message = output.split('ERROR: ')[-1]
    place = tmp_path / 'torch/hub/checkpoints/resnet-0123abcd.pth'
    for part in (url, '0123abcd', str(place), '--no-pretrained'):
        assert part in message
    assert not list((tmp_path / 'work').glob('*.pth'))
