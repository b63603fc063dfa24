import pytest
import torch
from torch import nn
from weak_samples import moved, weak_samples

from model_configs import AMM, amr, branch, build
from projects.amr.models import CAMClassifier, CAMPrediction
from projects.amr.ops import erase_peaks, pool_logits


def samples(count=2):
    return weak_samples(*count * [[1.0, 0.0, 1.0]])


def losses(model, count=2):
    return model(torch.randn(count, 3, 33, 47), samples(count), mode='loss')


def test_baseline_loss_is_the_soft_margin_of_pooled_cams():
    model = build(branch(), training=False)
    x = torch.randn(2, 3, 33, 47)
    got = model(x, samples(), mode='loss')
    assert set(got) == {'loss_cls'}
    logits = model(x)['cam'].mean((2, 3))
    want = nn.functional.multilabel_soft_margin_loss(
        logits, torch.stack([s.gt_label for s in samples()])
    )
    torch.testing.assert_close(got['loss_cls'], want)


def test_old_name_of_the_classifier_builds_it_with_a_warning():
    with pytest.warns(FutureWarning, match='CAMClassifier'):
        old = build({**branch(), 'type': 'CAM'})
    assert type(old) is CAMClassifier
    assert old.state_dict().keys() == build(branch()).state_dict().keys()


@pytest.mark.parametrize('changes', [{}, {'cls_weight': 0.25}])
def test_amr_losses_are_equations_10_to_12(changes):
    model = build(amr(**changes), training=False)
    x = torch.randn(2, 3, 33, 47)
    got = model(x, samples(), mode='loss')
    assert set(got) == {'loss_spotlight', 'loss_compensation', 'loss_cps'}
    cams = model(x)
    for name, part in model.branches().items():
        own = part(x, samples(), mode='loss')['loss_cls']
        want = own * changes.get('cls_weight', 0.5)
        torch.testing.assert_close(got[f'loss_{name}'], want)
    difference = cams['spotlight'] - cams['compensation']
    torch.testing.assert_close(got['loss_cps'], difference.abs().mean())
    model.loss_cps = None
    assert set(got) - set(model(x, samples(), mode='loss')) == {'loss_cps'}


def test_cps_reaches_both_branches_in_the_paper_preset():
    model = build(amr())
    names = moved(model, losses(model)['loss_cps'])
    for name in ('spotlight', 'compensation'):
        assert f'{name}.head.classifier.weight' in names
        assert f'{name}.backbone.conv1.weight' in names


def test_release_switches_leave_only_the_spotlights_head_to_cps():
    model = build(amr(detach_spotlight=True))
    got = losses(model)
    assert not got['loss_spotlight'].requires_grad
    spotlight = {
        name
        for name in moved(model, sum(got.values()))
        if name.startswith('spotlight')
    }
    assert spotlight == {'spotlight.head.classifier.weight'}
    frozen = build(amr(detach_spotlight=True, loss_cps=None))
    assert not any(p.requires_grad for p in frozen.spotlight.parameters())


@pytest.mark.parametrize('detach', [False, True])
def test_every_trainable_parameter_gets_a_gradient(detach):
    """What DDP asks for without find_unused_parameters."""
    for amm in (AMM, {**AMM, 'modulation': {'type': 'threshold'}}):
        model = build(amr(amm, detach_spotlight=detach))
        sum(losses(model).values()).backward()
        for name, parameter in model.named_parameters():
            assert (parameter.grad is not None) == parameter.requires_grad, (
                name
            )


def test_prediction_carries_scores_and_maps():
    model = build(amr(test_cfg={'output_stride': 4}), training=False)
    images = [torch.randn(3, 33, 47), torch.randn(3, 20, 61)]
    for image, sample in zip(
        images, model(images, samples(), mode='predict'), strict=True
    ):
        cam = sample.pred_cam
        assert cam.size == tuple(image.shape[1:])
        assert cam.classes == [0, 2]
        assert cam.final == 'weighted'
        torch.testing.assert_close(
            cam.weighted,
            0.5 * cam.spotlight + 0.5 * cam.compensation,
            rtol=1e-3,
            atol=1e-5,
        )
        for name in ('spotlight', 'compensation'):
            assert cam.get(name).amax((1, 2)).tolist() == [1, 1]
        assert torch.equal(sample.gt_score, sample.gt_label)
        assert 0 <= sample.pred_score.min() <= sample.pred_score.max() <= 1


@pytest.mark.parametrize('xi', [0.0, 0.3, 1.0])
def test_xi_is_the_spotlights_share(xi):
    model = build(amr(xi=xi))
    cams = {
        'spotlight': torch.rand(2, 5, 7),
        'compensation': torch.rand(2, 5, 7),
    }
    fused = model.combine(cams)
    want = xi * cams['spotlight'] + (1 - xi) * cams['compensation']
    torch.testing.assert_close(fused['weighted'], want)


def test_samples_with_cams_skip_the_network():
    model = build(branch(), training=False)
    finished, fresh = samples()
    CAMPrediction(
        torch.rand(3), torch.tensor([1]), {'cam': torch.rand(1, 9, 12)}, (0,)
    ).fill(finished, ('cam',), (33, 47))
    cam = finished.pred_cam
    seen = []
    model.backbone.register_forward_hook(lambda *_: seen.append(1))
    model.predict(list(torch.randn(2, 3, 33, 47)), [finished, fresh])
    assert seen == [1]
    assert finished.pred_cam is cam
    assert cam.dropped == (0,)
    assert fresh.pred_cam.classes == [0, 2]


def test_a_view_extractor_is_no_cam_method():
    """As configs had it before: `type` in place of `extractor`."""
    with pytest.raises(ValueError, match='AdvCAM'):
        build({**branch(), 'test_cfg': {'type': 'AdvCAM', 'num_steps': 2}})


def test_validation_uses_its_own_cam_method():
    model = build(
        {
            **branch(),
            'test_cfg': {'output_stride': 2},
            'val_cfg': {'output_stride': 8, 'flip': False},
        },
        training=False,
    )
    data = {'inputs': [torch.randn(3, 32, 48)], 'data_samples': samples(1)}
    assert model.test_step(data)[0].pred_cam.shape == (16, 24)
    data['data_samples'] = samples(1)
    assert model.val_step(data)[0].pred_cam.shape == (4, 6)


def test_validation_is_of_one_view_by_default():
    model = build(branch(), training=False)
    seen = []
    model.backbone.register_forward_pre_hook(
        lambda _m, inputs: seen.append(tuple(inputs[0].shape))
    )
    data = {'inputs': [torch.randn(3, 32, 48)], 'data_samples': samples(1)}
    model.val_step(data)
    assert seen == [(1, 3, 32, 48)]


def test_scores_are_the_mean_probability_of_the_branches():
    model = build(amr(test_cfg={'flip': False}), training=False)
    x = torch.randn(1, 3, 33, 47)
    got = model([x[0]], samples(1), mode='predict')[0].pred_score
    logits = [pool_logits(cam).sigmoid()[0] for cam in model(x).values()]
    torch.testing.assert_close(got, (logits[0] + logits[1]) / 2)


def test_an_unknown_mode_is_named():
    with pytest.raises(ValueError, match='mode'):
        build(branch())(torch.zeros(1, 3, 32, 32), mode='x')


def test_spotlight_can_start_from_a_trained_baseline(tmp_path):
    baseline = build(branch(), training=False)
    path = tmp_path / 'baseline.pth'
    torch.save({'state_dict': baseline.state_dict(), 'meta': {}}, path)
    spotlight = branch()
    spotlight['init_cfg'] = {'type': 'Pretrained', 'checkpoint': str(path)}
    model = build(amr(spotlight=spotlight), training=False)
    x = torch.randn(1, 3, 33, 47)
    cams = model(x)
    assert torch.equal(cams['spotlight'], baseline(x)['cam'])
    assert not torch.equal(cams['compensation'], cams['spotlight'])


def test_erasing_shows_the_compensation_branch_another_image():
    plain, erasing = (
        build(amr(loss_cps=None, erase_thr=thr), training=False)
        for thr in (None, 0.5)
    )
    erasing.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 33, 47)
    before, after = (m(x, samples(), mode='loss') for m in (plain, erasing))
    assert after['loss_spotlight'] == before['loss_spotlight']
    labels = torch.stack([sample.gt_label for sample in samples()])
    seen = erase_peaks(x, plain.spotlight(x)['cam'], labels, 0.5)
    want = plain.compensation(seen, samples(), mode='loss')['loss_cls'] / 2
    torch.testing.assert_close(after['loss_compensation'], want)
    assert after['loss_compensation'] != before['loss_compensation']
    # The image of testing is whole.
    assert torch.equal(erasing(x)['compensation'], plain(x)['compensation'])
