import pytest
import torch
import torch.nn.functional as F
from weak_samples import moved, weak_samples

from model_configs import build, seam, seam_amr
from projects.amr.models import MultiScaleCAM
from projects.amr.ops import normalize_cam, resize_cam
from projects.amr.ops.cam import stretch_cam
from projects.amr.ops.pixel_correlation import (
    add_background,
    keep_winner,
)

LABELS = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
KEYS = {'loss_cls', 'loss_min', 'loss_er', 'loss_ecr'}


def images(count=2, size=(40, 56)):
    return torch.randn(count, 3, *size)


def samples(labels=LABELS):
    return weak_samples(*labels.tolist())


@pytest.mark.parametrize('count', [1, 2])
def test_losses_are_those_of_the_formulas(count):
    model = build(seam(), training=False)
    x, labels = images(count), LABELS[:count]
    mask = labels[:, :, None, None]
    small = F.interpolate(x, size=(20, 28), mode='bilinear')
    logits, cams, refined, low = [], [], [], []
    for view in (x, small):
        features = model.backbone(view)
        cam = F.conv2d(features[2], model.head.classifier.weight)
        logits.append(cam.mean((2, 3)))
        cams.append(stretch_cam(resize_cam(cam, (20, 28))) * mask)
        best = normalize_cam(cam)
        maps = torch.cat([add_background(best)[:, :1], keep_winner(best)], 1)
        maps = resize_cam(model.pcm(maps, view, features), (20, 28))
        low.append((maps[:, 1:] * mask).amax(1).flatten(1).sort(1).values)
        background = torch.ones(count, 1, 1, 1)
        refined.append(
            stretch_cam(maps) * torch.cat([background, mask], dim=1)
        )
    soft_margin = F.multilabel_soft_margin_loss
    want = {
        'loss_cls': sum(soft_margin(each, labels) for each in logits) / 2,
        'loss_min': sum(each[:, : 20 * 28 // 4].mean() for each in low) / 2,
        'loss_er': (cams[0] - cams[1]).abs().mean(),
        'loss_ecr': 0,
    }
    for one, other in ((0, 1), (1, 0)):
        target = add_background(cams[other])
        target[:, 1:] = keep_winner(target[:, 1:])
        difference = (refined[one] - target).abs().flatten(1)
        top = difference.sort(1, descending=True).values
        want['loss_ecr'] += top[:, : int(4 * 20 * 28 * 0.2)].mean()
    got = model(x, samples(labels), mode='loss')
    assert set(got) == KEYS
    for key, value in want.items():
        torch.testing.assert_close(got[key], value)


@pytest.mark.parametrize('key', ['loss_min', 'loss_er', 'loss_ecr'])
def test_each_loss_can_be_weighted(key):
    x = images()
    whole = build(seam(), training=False)
    config = {**seam()[key], 'loss_weight': 3.0}
    other = build(seam(**{key: config}), training=False)
    other.load_state_dict(whole.state_dict())
    got, own = other.loss(x, samples()), whole.loss(x, samples())
    torch.testing.assert_close(got, {**own, key: 3 * own[key]})


def test_which_loss_trains_which_part():
    model = build(seam())
    losses = model.loss(images(), samples())
    encoder = {'backbone.conv1a.weight', 'head.classifier.weight'}
    module = {name for name, _ in model.named_parameters() if 'pcm' in name}
    for key, part in (
        ('loss_cls', encoder),
        ('loss_er', encoder),
        ('loss_min', module),
        ('loss_ecr', module),
    ):
        got = moved(model, losses[key])
        assert part <= got, key
        other = {name.split('.')[0] for name in got}
        assert other == {name.split('.')[0] for name in part}, key


def test_every_parameter_gets_a_gradient():
    """What DDP asks for without find_unused_parameters."""
    for config in (seam(), seam_amr()):
        model = build(config)
        sum(model.loss(images(), samples()).values()).backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name


def test_view_scale_is_the_size_of_the_small_view():
    for scale, size in ((0.3, (13, 16)), (0.5, (22, 28)), (0.01, (1, 1))):
        model = build(seam(view_scale=scale))
        assert model.small_view(images(1, (45, 56))).shape[2:] == size
        sum(model.loss(images(), samples()).values()).backward()


def test_maps_are_refined_and_scores_are_the_plain_cams():
    model = build(seam(), training=False)
    x = images()
    features = model.backbone(x)
    cam = model.head(features)
    maps, logits = model.view_cam(x)
    torch.testing.assert_close(maps, model.refine(cam, x, features)[:, 1:])
    torch.testing.assert_close(logits, cam.mean((2, 3)))
    torch.testing.assert_close(model.forward_cam(x), cam)
    assert not torch.allclose(maps.mean((2, 3)), logits)
    method = MultiScaleCAM(flip=False, output_stride=8)
    for row, made in enumerate(method(model, list(x), list(LABELS))):
        classes = LABELS[row].nonzero()[:, 0]
        want = stretch_cam(maps[row][classes])
        torch.testing.assert_close(
            made.cams['cam'], want, rtol=2e-3, atol=2e-3
        )
        torch.testing.assert_close(
            made.scores, logits[row].sigmoid(), rtol=1e-4, atol=1e-5
        )


def test_detached_only_the_cam_moves_and_only_the_head():
    model = build(seam())
    losses, cam = model.train_cams(images(), samples(), detach=True)
    assert not any(loss.requires_grad for loss in losses.values())
    assert moved(model, cam.square().sum()) == {'head.classifier.weight'}


def test_amr_takes_seam_and_halves_its_losses():
    model = build(seam_amr(), training=False)
    x = images()
    got = model.loss(x, samples())
    own = model.spotlight.loss(x, samples())
    names = {'loss_cls': 'loss_spotlight'}
    for key in KEYS:
        name = names.get(key, key.replace('loss_', 'loss_spotlight_'))
        torch.testing.assert_close(got.pop(name), own[key] / 2)
    assert set(got) == {'loss_compensation', 'loss_cps'}
    cams = model(x)
    difference = cams['spotlight'] - cams['compensation']
    torch.testing.assert_close(got['loss_cps'], difference.abs().mean())
    torch.testing.assert_close(cams['spotlight'], model.spotlight(x)['cam'])


def test_amr_weighs_seams_refined_map_with_the_other_branch():
    model = build(
        seam_amr(xi=0.3, test_cfg={'flip': False, 'output_stride': 8}),
        training=False,
    )
    x = images()
    (made,) = model.cam_method(model, [x[0]], [LABELS[0]])
    classes = LABELS[0].nonzero()[:, 0]
    refined = model.spotlight.view_cam(x[:1])[0][0, classes]
    other = model.compensation(x[:1])['cam'][0, classes]
    spotlight, compensation = stretch_cam(refined), normalize_cam(other)
    for name, want in (
        ('spotlight', spotlight),
        ('compensation', compensation),
        ('weighted', 0.3 * spotlight + 0.7 * compensation),
    ):
        torch.testing.assert_close(made.cams[name], want, rtol=2e-3, atol=2e-3)
    logits = [cam.mean((2, 3)).sigmoid() for cam in model(x[:1]).values()]
    torch.testing.assert_close(
        made.scores, sum(logits)[0] / 2, rtol=1e-4, atol=1e-5
    )


def test_fixed_seam_leaves_its_head_to_cps():
    model = build(seam_amr(detach_spotlight=True))
    losses = model.loss(images(), samples())
    assert not losses['loss_spotlight_ecr'].requires_grad
    names = moved(model, sum(losses.values()))
    spotlight = {name for name in names if name.startswith('spotlight')}
    assert spotlight == {'spotlight.head.classifier.weight'}
