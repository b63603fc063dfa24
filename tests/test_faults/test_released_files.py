"""Row 28 of the faults: CAMs, labels and weights of released codes.

The files are made here in the released form; that form was read in the
sources of jiwoon-ahn/irn, jiwoon-ahn/psa and YudeWang/SEAM. AMR's is made of
a ResNet with a channel MLP and a spatial convolution in every block.
"""

import pickle
import re

import numpy as np
import pytest
import torch
from affinity_configs import affinity_net, irnet
from released_data import (
    convert_cam_file,
    convert_label_file,
)
from released_weights import convert_weights
from tool_process import run_tool_process
from training_faults import write_trap

from model_configs import amr, branch, build
from projects.amr.datasets.labels.label_file import read_label_table
from projects.amr.errors import DataError
from projects.amr.runtime.checkpoints.checkpoint import require_match
from projects.amr.structures import CAMRecord
from projects.amr.workflow.released.restricted_pickle import (
    RefusedPickleError,
    load_pickled_npy,
)


def released_cams(size=(23, 37), classes=(7, 2)):
    """A CAM file as IRN's make_cam writes it: tensors in the dict, too."""
    return {
        'keys': torch.tensor(classes),
        'cam': torch.rand(len(classes), 6, 10),
        'high_res': np.random.rand(len(classes), *size).astype(np.float32),
    }


@pytest.mark.parametrize('which', ['cam', 'high_res'])
def test_fault28_cams_of_irn(tmp_path, which):
    content = released_cams()
    np.save(tmp_path / 'a.npy', content)
    convert_cam_file(tmp_path / 'a.npy', tmp_path / 'a.npz', which)
    record = CAMRecord.load(tmp_path / 'a.npz')
    assert record.classes.tolist() == [2, 7]
    assert record.size == (23, 37)
    expected = np.asarray(content[which])[[1, 0]]
    np.testing.assert_allclose(record.cam, expected, atol=2**-11)


@pytest.mark.parametrize('protocol', [2, 4])
def test_fault28_cams_of_affinity_net(tmp_path, protocol):
    content = {5: np.random.rand(23, 37), np.int64(0): np.ones((23, 37))}
    path = tmp_path / 'a.npy'
    np.save(path, np.array(content, dtype=object))
    head = path.read_bytes()[:128]  # numpy's header, then the pickle
    path.write_bytes(
        head + pickle.dumps(np.array(content, dtype=object), protocol)
    )
    convert_cam_file(path, tmp_path / 'a.npz')
    record = CAMRecord.load(tmp_path / 'a.npz')
    assert record.classes.tolist() == [0, 5]
    assert record.size == (23, 37)
    np.testing.assert_allclose(record.cam[1], content[5], atol=2**-11)


@pytest.mark.parametrize('by_number', [False, True])
def test_fault28_label_vectors(tmp_path, by_number):
    names = ('a', 'b', 'c')
    vectors = {'2007_000032': [1, 0, 1], '2011_003276': [0, 0, 0]}
    if by_number:  # as IRN has them
        vectors = {int(k.replace('_', '')): v for k, v in vectors.items()}
    content = {k: np.array(v, np.float32) for k, v in vectors.items()}
    np.save(tmp_path / 'cls_labels.npy', content)
    count = convert_label_file(
        tmp_path / 'cls_labels.npy', tmp_path / 'labels.csv', names
    )
    assert count == 2
    table = read_label_table(tmp_path / 'labels.csv')
    assert table.columns == names
    rows = {row.image: row.names for row in table.rows}
    assert rows == {'2007_000032': ('a', 'c'), '2011_003276': ()}


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        ({'x': np.zeros(20)}, 'no dict of CAMs'),
        ({'keys': np.array([1]), 'x': 1}, "no 'cam'"),
        ({3: np.full((2, 2), 5.0)}, 'values from 5'),
        ({3: np.full((2, 2), np.nan)}, 'values from nan'),
        ({3: np.array([['a']])}, 'not of numbers'),
        ({3: np.zeros((2, 2)), 4: np.zeros((3, 2))}, 'differing'),
        ({-1: np.zeros((2, 2))}, 'indices from 0'),
        ({'keys': np.array([1]), 'cam': np.zeros((2, 2, 2))}, 'do not go'),
        ({'keys': np.array([1]), 'cam': np.zeros((1, 2, 2))}, '--image-dir'),
        ([1], 'not a dict'),
    ],
)
def test_fault28_other_contents_are_named(tmp_path, content, words):
    path = tmp_path / 'odd.npy'
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=rf'odd\.npy.*{words}'):
        convert_cam_file(path, tmp_path / 'a.npz')
    assert not (tmp_path / 'a.npz').exists()


def test_fault28_odd_labels_are_named(tmp_path):
    for value, words in (([1, 0], r'shape \(2,\)'), ([1, 2, 0], 'not 0 or')):
        np.save(tmp_path / 'l.npy', {'a': np.array(value)})
        with pytest.raises(DataError, match=words):
            convert_label_file(
                tmp_path / 'l.npy', tmp_path / 'l.csv', ('a', 'b', 'c')
            )
    np.save(tmp_path / 'l.npy', {'../a': np.zeros(3)})
    with pytest.raises(DataError, match='no image id'):
        convert_label_file(
            tmp_path / 'l.npy', tmp_path / 'l.csv', ('a', 'b', 'c')
        )
    assert not (tmp_path / 'l.csv').exists()


class Names:
    """Pickles as a call of a named function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_fault28_pickles_that_name_more_are_refused(tmp_path):
    marker = tmp_path / 'sprung'
    path = write_trap(tmp_path / 'evil.npy', marker, 'npy')
    with pytest.raises(RefusedPickleError, match=r'evil\.npy refused.*mkdir'):
        load_pickled_npy(path)
    for odd in (
        Names(eval, '1'),
        Names(getattr, str, 'join'),
        Names(np.load, str(path)),
        Names(torch.load, str(path)),
        Names(__import__, 'os'),
    ):
        np.save(tmp_path / 'odd.npy', {'keys': odd})
        with pytest.raises(RefusedPickleError, match='refused: contains'):
            load_pickled_npy(tmp_path / 'odd.npy')
    rebuild = np.ndarray([]).__reduce__()[0]
    for odd in (
        Names(rebuild, np.ndarray, (1 << 40,), b'b'),
        Names(torch.storage._load_from_bytes, path.read_bytes()),
        Names(torch._utils._rebuild_tensor_v2, [1], 0, (1,), (1,)),
    ):
        np.save(tmp_path / 'odd.npy', {'keys': odd})
        with pytest.raises(DataError, match=r'odd\.npy is no readable'):
            load_pickled_npy(tmp_path / 'odd.npy')
    assert not marker.exists()


@pytest.mark.parametrize('keep', [0, 5, 40, 130, -7])
def test_fault28_truncated_files_are_named(tmp_path, keep):
    path = tmp_path / 'a.npy'
    np.save(path, released_cams())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r'a\.npy is no readable'):
        load_pickled_npy(path)


def test_fault28_plain_arrays_are_arrays(tmp_path):
    np.save(tmp_path / 'a.npy', np.arange(3))
    assert load_pickled_npy(tmp_path / 'a.npy').tolist() == [0, 1, 2]
    with pytest.raises(DataError, match='not found'):
        load_pickled_npy(tmp_path / 'gone.npy')


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
