import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from segmentor_configs import head_config, labelled

from projects.amr.models import DeepLabV2Head


def head(**changes):
    module = MODELS.build(head_config(**changes))
    for conv in module.convs:
        torch.nn.init.normal_(conv.weight)
        torch.nn.init.normal_(conv.bias)
    return module.eval()


@pytest.mark.parametrize('dilations', [(6, 12, 18, 24), (3,)])
@pytest.mark.parametrize('batch', [1, 2])
def test_output_is_the_sum_of_separate_convolutions(dilations, batch):
    module = head(dilations=dilations, in_channels=7)
    x = torch.randn(batch, 7, 23, 37)
    separate = []
    for dilation, own in zip(dilations, module.convs, strict=True):
        conv = torch.nn.Conv2d(7, 4, 3, padding=dilation, dilation=dilation)
        conv.load_state_dict(own.state_dict())
        separate.append(conv(x))
    torch.testing.assert_close(module((x,)), torch.stack(separate).sum(0))


def test_it_starts_as_it_is_told_to():
    other = {'type': 'Constant', 'layer': 'Conv2d', 'val': 3.0}
    module = DeepLabV2Head(2, 3, init_cfg=other)
    module.init_weights()
    assert (module.convs[0].weight == 3).all()


def test_dropout_is_off_unless_asked_and_in_training_only():
    x = torch.randn(2, 128, 9, 9)
    plain, dropping = head(), head(dropout_ratio=0.5)
    dropping.load_state_dict(plain.state_dict())
    torch.testing.assert_close(plain((x,)), dropping((x,)))
    torch.testing.assert_close(plain.train()((x,)), plain.eval()((x,)))
    assert not torch.allclose(dropping.train()((x,)), plain((x,)))


def test_loss_is_mmseg_s_on_the_enlarged_logits():
    module, samples = head(), labelled()
    x = torch.randn(2, 128, 5, 6)
    losses = module.loss((x,), samples, None)
    logits = F.interpolate(module((x,)), (33, 47), mode='bilinear')
    labels = torch.cat([s.gt_sem_seg.data for s in samples])
    # mmseg's mean counts the ignored pixels too.
    want = F.cross_entropy(
        logits, labels, ignore_index=255, reduction='none'
    ).mean()
    torch.testing.assert_close(losses['loss_ce'], want)
