from pathlib import Path

import pytest
import torch
from adv_cam_samples import (
    ONE,
    SCALES,
    SETTINGS,
    TWO,
    adv_cam,
    images,
    maps,
    model,
)
from mmengine.config import Config
from torch import nn

from model_configs import AMM, NUM_CLASSES, amr, branch
from projects.amr.models import MultiScaleCAM
from projects.amr.models.cam_methods.adv_cam import (
    climb_step,
    climbing_objective,
    value_range,
)
from projects.amr.ops import merge_views, select_class

RELEASE = Path(__file__).parents[2] / 'configs' / 'amr_r50_voc_release.py'


def reference(net, image, label, settings=SETTINGS, flip=True):
    """One class, one scale, one step at a time, on single images."""
    total = 0
    method = MultiScaleCAM(scales=SCALES)
    for scale in SCALES:
        view = method._rescale(image[None], scale)
        view = torch.cat([view, view.flip(-1)]) if flip else view
        view = view[:, None]
        low, high = value_range(view)
        initial = None
        for step in range(settings['num_steps'] + 1):
            view = view.detach().requires_grad_()
            cam = net(view[:, 0])['cam'].float()[:, None]
            own = merge_views(select_class(cam, torch.tensor([label])))
            initial = own.detach() if initial is None else initial
            up = torch.nn.functional.interpolate(
                own[None].detach(), (9, 12), mode='bilinear'
            )
            total = total + up[0, 0]
            if step == settings['num_steps']:
                break
            objective = climbing_objective(
                cam, initial, torch.tensor([label]), settings['ad_weight']
            )
            objective.sum().backward()
            view = climb_step(view.detach(), view.grad, low, high)
    return total


def test_no_steps_are_the_plain_cam():
    for config in (branch(), amr()):
        net, batch = model(config), images()
        plain, scores = maps(MultiScaleCAM(SCALES), net, batch, [TWO, ONE])
        got, same = maps(
            adv_cam(num_steps=0, scales=SCALES), net, batch, [TWO, ONE]
        )
        torch.testing.assert_close(same, scores)
        assert set(got) == set(plain)
        for name, cam in got.items():
            for row, label in enumerate((TWO, ONE)):
                torch.testing.assert_close(
                    cam[row], plain[name][row] * label[:, None, None]
                )


@pytest.mark.parametrize('flip', [True, False])
def test_batched_equals_one_by_one(flip):
    net, batch = model(), images()
    got, _ = maps(adv_cam(flip=flip, **SETTINGS), net, batch, [TWO, ONE])
    for row, label in enumerate((TWO, ONE)):
        for k in label.nonzero()[:, 0].tolist():
            want = reference(net, batch[row], k, flip=flip)
            torch.testing.assert_close(
                got['cam'][row, k], want, rtol=1e-5, atol=1e-5
            )


@pytest.mark.parametrize('max_batch', [1, 2, 3])
def test_chunks_do_not_matter(max_batch):
    net, batch, labels = model(amr()), images(), [TWO, ONE]
    seen = []
    net.spotlight.backbone.register_forward_hook(
        lambda _m, inputs, _o: seen.append(len(inputs[0]))
    )
    whole, scores = maps(adv_cam(max_batch=64, **SETTINGS), net, batch, labels)
    assert max(seen) == 2 * 3  # two views of three items
    seen.clear()
    parts, same = maps(
        adv_cam(max_batch=max_batch, **SETTINGS), net, batch, labels
    )
    assert max(seen) <= 2 * max_batch
    torch.testing.assert_close(same, scores)
    for name, cam in whole.items():
        torch.testing.assert_close(parts[name], cam, rtol=1e-5, atol=1e-5)


def test_branches_climb_apart():
    """Each branch gives what a classifier of its own would give."""
    net, batch = model(amr()), images()
    both, _ = maps(adv_cam(**SETTINGS), net, batch, [TWO, ONE])
    for name, part in net.branches().items():
        alone, _ = maps(adv_cam(**SETTINGS), part, batch, [TWO, ONE])
        torch.testing.assert_close(both[name], alone['cam'])


def test_batch_statistics_of_the_release_stay_within_an_item():
    """With one item a pass, its two views are the batch, as released."""
    amm = Config.fromfile(RELEASE).amm.to_dict()
    amm['modulation']['eps'] = 1e-6  # gates of four channels may be constant
    net = model(amr(amm))
    for norm in net.modules():  # else residual paths start at 0
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
    batch, labels = images(), [TWO, ONE]
    settings = {**SETTINGS, 'rectify_logits': True}
    for max_batch, apart in ((1, True), (8, False)):
        method = adv_cam(max_batch=max_batch, **settings)
        both, _ = maps(method, net, batch, labels)
        alone, _ = maps(method, net, batch[1:], labels[1:])
        same = torch.allclose(
            both['compensation'][1], alone['compensation'][0], 1e-4, 1e-5
        )
        assert same == apart
        assert both['compensation'].isfinite().all()
        assert both['compensation'][1, 1].max() > 0


@pytest.mark.parametrize('frozen', [True, False])
def test_parameters_keep_their_flags_and_get_no_gradient(frozen):
    net = model(amr(AMM))
    if frozen:
        net.requires_grad_(False)
    flags = [p.requires_grad for p in net.parameters()]
    with torch.no_grad():
        adv_cam(**SETTINGS)(net, images().unbind(), [TWO, ONE])
        assert not torch.is_grad_enabled()
    assert [p.requires_grad for p in net.parameters()] == flags
    assert all(p.grad is None for p in net.parameters())


def test_an_error_inside_restores_the_flags():
    net = model()
    method = adv_cam(**SETTINGS)
    method.extractor = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        method(net, images().unbind(), [TWO, ONE])
    assert all(p.requires_grad for p in net.parameters())


@pytest.mark.parametrize(
    'change',
    [
        {'num_steps': 2},
        {'num_steps': (3, 2)},
        {'step_size': 0.2},
        {'ad_weight': 90.0},
        {'ad_thr': 0.05},
        {'ad_reduction': 'sum'},
        {'ad_reduction': 'positive'},
        {'rectify_logits': True},
        {'flip': False},
    ],
)
def test_every_argument_matters(change):
    net, batch = model(), images()
    settings = {**SETTINGS, 'ad_weight': 30.0}
    plain, _ = maps(adv_cam(**settings), net, batch, [TWO, ONE])
    other, _ = maps(adv_cam(**{**settings, **change}), net, batch, [TWO, ONE])
    difference = (other['cam'] - plain['cam']).abs().max()
    assert difference > 1e-4 * plain['cam'].max()


def test_images_without_a_label_climb_to_what_the_scores_choose():
    net, batch = model(), images(1)
    method = adv_cam(score_thr=0.99, **SETTINGS)
    (got,) = method(net, batch.unbind(), [None])
    best = got.scores.argmax()
    assert got.classes.tolist() == [best]
    label = torch.nn.functional.one_hot(best, NUM_CLASSES)
    (want,) = method(net, batch.unbind(), [label])
    assert torch.equal(got.cams['cam'], want.cams['cam'])


def test_images_of_any_size_and_without_classes():
    net = model()
    batch = [*images(1), *images(1, (20, 61)), *images(1, (1, 5))]
    none = torch.zeros(NUM_CLASSES)
    results = adv_cam(**SETTINGS)(net, batch, [TWO, none, ONE])
    assert [r.cams['cam'].shape for r in results] == [
        (2, 9, 12),
        (0, 5, 16),
        (1, 1, 2),
    ]
    assert results[0].cams['cam'].amax((1, 2)).tolist() == [1, 1]
