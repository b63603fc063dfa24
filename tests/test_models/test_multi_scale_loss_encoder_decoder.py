import pytest
import torch
import torch.nn.functional as F
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import init_default_scope
from mmseg.models import EncoderDecoder
from segmentor_configs import head_config, labelled, segmentor_config
from torch import multiprocessing

import projects.amr  # noqa: F401  registers everything, in the ranks too
from model_configs import build

SCALES = (1.0, 0.75, 0.5)


def resized(x, size):
    return F.interpolate(x, size, mode='bilinear', align_corners=False)


def logits_by_hand(model, x):
    """Backbone and head at each scale, sizes rounded down."""
    maps = {}
    for scale in SCALES:
        size = [int(side * scale) for side in x.shape[-2:]]
        maps[scale] = model.decode_head(model.backbone(resized(x, size)))
    return maps


def cross_entropy(logits, samples):
    labels = torch.cat([s.gt_sem_seg.data for s in samples])
    pixels = F.cross_entropy(
        resized(logits, labels.shape[-2:]),
        labels,
        ignore_index=255,
        reduction='none',
    )
    return pixels.mean()


@pytest.mark.parametrize('batch', [1, 2])
def test_loss_is_four_parts_by_hand(batch):
    model = build(segmentor_config())
    x, samples = torch.randn(batch, 3, 45, 70), labelled(batch, (45, 70))
    losses = model(x, samples, mode='loss')
    maps = logits_by_hand(model, x)
    maximum = maps[1.0]
    for scale in SCALES[1:]:
        other = resized(maps[scale], maximum.shape[-2:])
        maximum = torch.maximum(maximum, other)
    want = {
        'scale_1.loss_ce': cross_entropy(maps[1.0], samples),
        'scale_0.75.loss_ce': cross_entropy(maps[0.75], samples),
        'scale_0.5.loss_ce': cross_entropy(maps[0.5], samples),
        'scale_max.loss_ce': cross_entropy(maximum, samples),
    }
    found = {key: losses[key] for key in losses if 'loss' in key}
    assert set(found) == set(want)
    for key, value in want.items():
        torch.testing.assert_close(found[key], value)
    total, _ = model.parse_losses(losses)
    torch.testing.assert_close(total, sum(want.values()))


def test_one_scale_is_the_plain_loss():
    model = build(segmentor_config(scales=(1.0,)))
    plain = build(segmentor_config(type='EncoderDecoder'))
    plain.load_state_dict(model.state_dict())
    x, samples = torch.randn(2, 3, 33, 47), labelled()
    got = model.loss(x, samples)
    assert {key for key in got if 'loss' in key} == {'scale_1.loss_ce'}
    want = plain.loss(x, samples)['decode.loss_ce']
    torch.testing.assert_close(got['scale_1.loss_ce'], want)


def test_prediction_is_encoder_decoder_s():
    model = build(segmentor_config(), training=False)
    plain = build(segmentor_config(type='EncoderDecoder'), training=False)
    plain.load_state_dict(model.state_dict())
    assert type(plain) is EncoderDecoder
    x = torch.randn(1, 3, 33, 47)
    (got,), (want,) = model.predict(x), plain.predict(x)
    assert torch.equal(got.seg_logits.data, want.seg_logits.data)


@pytest.mark.parametrize('size', [(33, 47), (1, 5)])
def test_fused_prediction_is_the_maximum_over_the_scales(size):
    model = build(segmentor_config(), training=False)
    (single,) = model.predict(torch.randn(1, 3, *size))
    model.test_cfg['fuse_scales'] = True
    x = torch.randn(1, 3, *size)
    maps = []
    for scale in SCALES:
        shape = [max(int(side * scale), 1) for side in size]
        view = F.interpolate(x, shape, mode='bilinear', align_corners=False)
        maps.append(model.decode_head(model.backbone(view)))
    largest = maps[0].shape[-2:]
    want = torch.stack([resized(each, largest) for each in maps]).amax(0)
    (got,) = model.predict(x)
    assert got.seg_logits.shape == single.seg_logits.shape == size
    torch.testing.assert_close(got.seg_logits.data, resized(want, size)[0])
    model.test_cfg['fuse_scales'] = False
    (plain,) = model.predict(x)
    torch.testing.assert_close(
        plain.seg_logits.data, resized(maps[0], size)[0]
    )


def test_any_head_with_one_map_of_logits():
    fcn = {
        'type': 'FCNHead',
        'in_channels': 128,
        'channels': 8,
        'num_convs': 1,
        'num_classes': 4,
        'dropout_ratio': 0.0,
        'loss_decode': [
            {'type': 'mmseg.CrossEntropyLoss'},
            {'type': 'mmseg.DiceLoss'},
        ],
    }
    model = build(segmentor_config(decode_head=fcn), training=False)
    losses = model.loss(torch.randn(2, 3, 33, 47), labelled())
    for part in ('scale_1', 'scale_0.75', 'scale_0.5', 'scale_max'):
        for name in ('loss_ce', 'loss_dice'):
            assert losses[f'{part}.{name}'] > 0
    assert sum('loss' in key for key in losses) == 8


def test_auxiliary_head_sees_the_largest_scale():
    auxiliary = head_config(dilations=(1,))
    model = build(
        segmentor_config(auxiliary_head=auxiliary, scales=(0.5, 1.0))
    )
    x, samples = torch.randn(2, 3, 33, 47), labelled()
    losses = model.loss(x, samples)
    want = cross_entropy(model.auxiliary_head(model.backbone(x)), samples)
    torch.testing.assert_close(losses['aux.loss_ce'], want)


def test_bad_use_is_named():
    for scales in ((), (1.0, 0.0), (1.0, 1.0)):
        with pytest.raises(ValueError, match='scales'):
            build(segmentor_config(scales=scales))
    model = build(segmentor_config())
    model.decode_head.forward = lambda features: (features, features)
    with pytest.raises(TypeError, match='DeepLabV2Head returns tuple'):
        model.loss(torch.randn(1, 3, 33, 47), labelled(1))


def run_rank(rank, folder):
    """One of two ranks takes a training step that DDP watches."""
    torch.set_num_threads(1)
    init_default_scope('mmseg')
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2
    )
    torch.manual_seed(0)
    model = build(segmentor_config())
    wrapped = MMDistributedDataParallel(
        model, broadcast_buffers=False, find_unused_parameters=False
    )
    torch.manual_seed(1 + rank)
    for _ in range(2):  # unused parameters are told of in the second step
        x, samples = torch.randn(1, 3, 33, 47), labelled(1)
        total, _ = model.parse_losses(wrapped(x, samples, mode='loss'))
        total.backward()
    grads = {n: p.grad for n, p in model.named_parameters()}
    torch.save(grads, f'{folder}/{rank}.pt')
    torch.distributed.destroy_process_group()


def test_two_ranks_leave_no_parameter_unused(tmp_path):
    multiprocessing.spawn(run_rank, (str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f'{rank}.pt') for rank in (0, 1))
    assert any(name.startswith('decode_head.convs.1') for name in first)
    for name, grad in first.items():
        assert grad is not None, name
        torch.testing.assert_close(grad, second[name])
