"""Row 28 of the faults: weights of released codes, and the command.

The files are made here in the released form; that form was read in the
sources of jiwoon-ahn/irn, jiwoon-ahn/psa and YudeWang/SEAM. AMR's is made of
a ResNet with a channel MLP and a spatial convolution in every block.
"""

import re

import numpy as np
import pytest
import torch
from affinity_configs import affinity_net, irnet
from released_samples import released_cams
from released_weights import convert_weights
from tool_process import run_tool_process
from training_faults import write_trap

from model_configs import amr, branch, build
from projects.amr.datasets.labels.label_file import read_label_table
from projects.amr.errors import DataError
from projects.amr.runtime.checkpoints.checkpoint import require_match

RELEASE_AMM = {
    'type': 'AttentionModulation',
    'channel_transform': 'mlp',
    'spatial_transform': 'max_mean',
}


def random_state(model):
    """Weights that all differ, so that no two can be mistaken."""
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.rand_like(value) + 0.5)
    return model.state_dict()


def rename(state, pairs):
    """Replace the start of keys, the first that fits."""
    found = {}
    for key, value in state.items():
        for ours, theirs in pairs:
            if re.match(ours, key):
                found[re.sub(f'^{ours}', theirs, key)] = value
                break
        else:
            raise AssertionError(key)
    return found


def as_released_cam(state):
    """``net.resnet50_cam``: shared modules appear under several names."""
    found = rename(
        state, [('backbone', 'resnet50'), ('head.classifier', 'classifier')]
    )
    stages = {
        f'stage1.4.{k[16:]}': v
        for k, v in found.items()
        if k.startswith('resnet50.layer1.')
    }
    head = {'newly_added.0.weight': found['classifier.weight']}
    return {**found, **stages, **head, 'resnet50.fc.bias': torch.zeros(3)}


def as_released_irn(state):
    pairs = [('backbone', 'resnet50')]
    for level in range(5):
        head = rf'boundary_head\.levels\.{level}\.'
        pairs += [
            (f'{head}conv', f'fc_edge{level + 1}.0'),
            (f'{head}norm', f'fc_edge{level + 1}.1'),
        ]
    pairs.append((r'boundary_head\.classifier', 'fc_edge6'))
    found = rename(state, pairs)
    # The displacement branch is left out.
    found['fc_dp7.4.running_mean'] = torch.zeros(2)
    found['path_indices0'] = torch.zeros(3, dtype=torch.long)
    found['edge_layers.5.bias'] = found['fc_edge6.bias']
    return found


def as_released_affinity_net(state):
    names = ('f8_3', 'f8_4', 'f8_5')
    return rename(
        state,
        [
            (r'backbone\.', ''),
            *((rf'head\.levels\.{i}', name) for i, name in enumerate(names)),
            (r'head\.last', 'f9'),
        ],
    )


def as_released_amr(state):
    """Fully connected layers in the channel gate, as in a CBAM."""
    found = {}
    for key, value in state.items():
        key = re.sub(r'^(\w+)\.backbone', r'resnet50_\1', key)
        key = re.sub(r'^(\w+)\.head\.classifier', r'\1_classifier', key)
        if '.amm.channel.' in key and value.dim() == 4:
            value = value[:, :, 0, 0]
        key = key.replace('amm.channel.0', 'gate.mlp.1')
        key = key.replace('amm.channel.2', 'gate.mlp.3')
        key = key.replace('amm.spatial.0', 'gate.spatial.conv')
        key = key.replace('amm.spatial.1', 'gate.spatial.bn')
        found[key] = value
    return found


@pytest.mark.parametrize(
    ('kind', 'make', 'release'),
    [
        ('cam', lambda: build(branch()), as_released_cam),
        ('irn', irnet, as_released_irn),
        ('affinitynet', affinity_net, as_released_affinity_net),
        ('amr', lambda: build(amr(RELEASE_AMM)), as_released_amr),
    ],
)
def test_fault28_released_weights_give_the_same_network(kind, make, release):
    model, other = make(), make()
    released = release(random_state(model))
    released = {f'module.{key}': v for key, v in released.items()}
    random_state(other)
    found, state = convert_weights(released)
    assert found == kind
    require_match(other, state, 'released')
    other.load_state_dict(state)
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_fault28_wide_resnets_and_seam():
    backbone = random_state(affinity_net().backbone)
    head = torch.rand(21, 256, 1, 1)
    kind, state = convert_weights({**backbone, 'fc8.weight': head[1:]})
    assert kind == 'wrn38'
    assert torch.equal(state['head.classifier.weight'], head[1:])
    assert {k for k in state if 'head' not in k} == {
        f'backbone.{key}' for key in backbone
    }
    more = {f'{n}.weight': torch.rand(2, 3) for n in ('f8_3', 'f8_4', 'f9')}
    kind, state = convert_weights({**backbone, **more, 'fc8.weight': head})
    assert kind == 'seam'
    # The background's row comes first and goes.
    assert torch.equal(state['head.classifier.weight'], head[1:])
    assert torch.equal(state['pcm.projections.0.weight'], more['f8_3.weight'])
    assert torch.equal(state['pcm.projections.1.weight'], more['f8_4.weight'])
    assert torch.equal(state['pcm.embedding.weight'], more['f9.weight'])


def test_fault28_unknown_or_incomplete_weights_are_refused():
    with pytest.raises(DataError, match=r'no released network.*other\.w'):
        convert_weights({'other.w': torch.zeros(1)})
    state = as_released_irn(random_state(irnet()))
    del state['fc_edge6.bias']
    with pytest.raises(DataError, match=r'irn network: fc_edge6\.bias'):
        convert_weights(state)
    with pytest.raises(DataError, match='no tensors'):
        convert_weights({'a': 3})
    with pytest.raises(DataError, match='two ResNets, found 1'):
        convert_weights(as_released_cam(build(branch()).state_dict()), 'amr')
    twins = as_released_amr(build(amr(None)).state_dict())
    with pytest.raises(DataError, match='attention modules'):
        convert_weights(twins)


def test_fault28_the_command(tmp_path):
    cams = tmp_path / 'cams'
    cams.mkdir()
    np.save(cams / 'good.npy', released_cams())
    write_trap(cams / 'evil.npy', tmp_path / 'sprung', 'npy')
    tool = 'model_converters/convert_released.py'
    output = run_tool_process(tool, 'cams', cams, 'out', cwd=tmp_path, code=3)
    assert '1 CAM records in out' in output
    assert '1 of 2 files were not converted' in output
    assert 'evil.npy refused: contains posix.mkdir' in output
    assert [p.name for p in (tmp_path / 'out').iterdir()] == ['good.npz']
    model = build(branch())
    torch.save(as_released_cam(random_state(model)), tmp_path / 'r.pth')
    output = run_tool_process(
        tool, 'weights', 'r.pth', 'ours.pth', cwd=tmp_path
    )
    assert output.splitlines()[-1].startswith('cam: ')
    found = torch.load(tmp_path / 'ours.pth', weights_only=True)
    require_match(model, found['state_dict'], 'ours.pth')
    write_trap(tmp_path / 'evil.pth', tmp_path / 'sprung')
    run_tool_process(
        tool, 'weights', 'evil.pth', 'no.pth', cwd=tmp_path, code=3
    )
    assert not (tmp_path / 'sprung').exists()
    np.save(tmp_path / 'l.npy', {'2007_000032': np.eye(20)[3]})
    run_tool_process(tool, 'labels', 'l.npy', 'l.csv', cwd=tmp_path)
    table = read_label_table(tmp_path / 'l.csv')
    assert table.rows[0].names == ('boat',)
