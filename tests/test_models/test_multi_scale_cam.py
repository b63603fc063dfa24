import functools

import pytest
import torch
import torch.nn.functional as F
from known_classifier import KnownBranch
from mmseg.registry import TASK_UTILS
from torch import nn

from model_configs import AMM, NUM_CLASSES, amr, branch, build, seam
from projects.amr.models import CAMExtractor, MultiScaleCAM
from projects.amr.models.cam_methods import cam_extractor
from projects.amr.ops import merge_views, normalize_cam, select_class

LABEL = torch.tensor([1.0, 0.0, 1.0])


def brightness():
    """A classifier whose CAM is known: class k sees channel k."""
    return KnownBranch(lambda views: F.avg_pool2d(views, 4))


def make(method, *images, label=LABEL):
    return method(brightness(), images, [label] * len(images))


def test_one_scale_without_flip_is_the_plain_normalised_cam():
    image = torch.rand(3, 24, 36)
    (got,) = make(MultiScaleCAM(flip=False, output_stride=4), image)
    want = normalize_cam(F.avg_pool2d(image, 4)[[0, 2]])
    torch.testing.assert_close(got.cams['cam'], want, rtol=2**-11, atol=1e-6)
    assert got.classes.tolist() == [0, 2]
    torch.testing.assert_close(
        got.scores, F.avg_pool2d(image, 4).mean((1, 2)).sigmoid()
    )


def test_scales_and_flips_are_summed_before_normalising():
    image = torch.randn(3, 24, 36)
    total = 0
    for scale in (0.5, 1.0, 1.5):
        size = (int(24 * scale), int(36 * scale))
        view = F.interpolate(
            image[None], size=size, mode='bicubic', antialias=True
        )
        if scale == 1:
            view = image[None]
        cam = F.avg_pool2d(view, 4).relu()
        cam = cam + F.avg_pool2d(view.flip(-1), 4).relu().flip(-1)
        total = total + F.interpolate(cam, size=(6, 9), mode='bilinear')
    (got,) = make(MultiScaleCAM(scales=(0.5, 1.0, 1.5), flip=True), image)
    want = normalize_cam(total[0][[0, 2]])
    torch.testing.assert_close(got.cams['cam'], want, rtol=2**-10, atol=1e-5)


def test_scores_are_of_the_mean_logit_over_all_views():
    class Leaning(KnownBranch):
        """Sees the left third alone, so a mirrored view is another one."""

        def view_cam(self, views):
            left = views[..., : views.shape[-1] // 3]
            return self.map_of(views), left.mean((2, 3))

    pooled = functools.partial(F.avg_pool2d, kernel_size=4)
    image = torch.randn(3, 24, 36)
    method = MultiScaleCAM(scales=(0.5, 1.0), flip=True)
    (got,) = method(Leaning(pooled), [image], [LABEL])
    small = F.interpolate(
        image[None], size=(12, 18), mode='bicubic', antialias=True
    )
    views = [small, small.flip(-1), image[None], image[None].flip(-1)]
    logits = [v[..., : v.shape[-1] // 3].mean((2, 3)) for v in views]
    want = torch.stack(logits).mean(0)[0].sigmoid()
    torch.testing.assert_close(got.scores, want)


@pytest.mark.parametrize('stride', [1, 4, 8])
def test_maps_have_the_stated_stride_at_any_size(stride):
    sizes = [(23, 37), (16, 16), (1, 5)]
    model = build(branch(), training=False)
    method = MultiScaleCAM((0.5, 1.0), True, stride)
    images = [torch.randn(3, *size) for size in sizes]
    results = method(model, images, [LABEL] * 3)
    for size, result in zip(sizes, results, strict=True):
        want = tuple(-(-length // stride) for length in size)
        assert result.cams['cam'].shape == (2, *want)


def test_result_does_not_depend_on_companions_of_any_size():
    model = build(branch(), training=False)
    method = MultiScaleCAM((1.0, 1.5), flip=True)
    image, twin = torch.randn(2, 3, 33, 47)
    other = torch.randn(3, 21, 60) * 9
    alone = method(model, [image], [LABEL])[0]
    crowd = method(model, [other, twin, image, other], [LABEL] * 4)[2]
    torch.testing.assert_close(
        alone.cams['cam'], crowd.cams['cam'], rtol=1e-3, atol=1e-5
    )
    torch.testing.assert_close(alone.scores, crowd.scores)


def test_views_that_the_network_mixes_stay_together_in_parts():
    modulation = {'type': 'gaussian', 'stats': 'batch', 'unbiased': True}
    model = build(amr({**AMM, 'modulation': modulation}), training=False)
    for norm in model.modules():  # else residual paths start at 0
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
    method, image = MultiScaleCAM((0.5, 1.0)), torch.randn(1, 3, 33, 47)
    with torch.no_grad():
        whole, parts = (
            method.merged_cams(model, image, [LABEL], in_parts)[0]
            for in_parts in (False, True)
        )
    torch.testing.assert_close(whole, parts)


def test_only_labelled_classes_are_kept_and_none_is_fine():
    image = torch.rand(3, 24, 36)
    none = torch.zeros(NUM_CLASSES)
    (got,) = make(MultiScaleCAM(), image, label=none)
    assert got.cams['cam'].shape == (0, 6, 9)
    assert got.classes.numel() == 0


def test_without_a_label_the_scores_decide():
    image = torch.stack([torch.full((8, 8), v) for v in (3.0, -3.0, 1.0)])
    (got,) = make(MultiScaleCAM(score_thr=0.6), image, label=None)
    assert got.classes.tolist() == [0, 2]
    (got,) = make(MultiScaleCAM(score_thr=0.99), image, label=None)
    assert got.classes.tolist() == [0]


def test_views_are_of_the_nearest_whole_size():
    sizes = []

    def watched(views):
        sizes.append(tuple(views.shape[-2:]))
        return F.avg_pool2d(views, 4)

    method = MultiScaleCAM(scales=(0.75, 1.25), flip=False)
    method(KnownBranch(watched), [torch.rand(3, 23, 37)], [LABEL])
    assert sizes == [(17, 28), (29, 46)]  # of 17.25 x 27.75, 28.75 x 46.25


@pytest.mark.parametrize('classifier', [branch, seam])
@pytest.mark.parametrize('extractor', [None, {'num_steps': 2}])
def test_layout_of_the_views_changes_rounding_only(
    classifier, extractor, monkeypatch
):
    model = build(classifier(), training=False)
    images, labels = torch.randn(2, 3, 33, 61), [LABEL, 1 - LABEL]
    seen = []
    model.backbone.register_forward_pre_hook(
        lambda _m, inputs: seen.append(
            inputs[0].is_contiguous(memory_format=torch.channels_last)
        )
    )
    extractor = extractor and {'type': 'AdvCAM', **extractor}
    cams = MultiScaleCAM(scales=(0.5, 1.0), extractor=extractor)
    ours = cams(model, images.unbind(), labels)
    assert all(seen)
    seen.clear()
    monkeypatch.setattr(cam_extractor, 'channels_last_on_cpu', lambda x: x)
    plain = cams(model, images.unbind(), labels)
    assert not any(seen)
    for one, other in zip(ours, plain, strict=True):
        assert one.classes.tolist() == other.classes.tolist()
        torch.testing.assert_close(one.scores, other.scores)
        difference = (one.cams['cam'] - other.cams['cam']).abs()
        assert difference.max() <= 2**-11  # one step of a stored value


@pytest.fixture
def squared():
    """An extractor of one function, registered for a test."""

    @TASK_UTILS.register_module(force=True)
    class SquaredCAM(CAMExtractor):
        def __call__(self, branch, views, classes, scale_index):
            cam = self.branch_cam(branch, views)
            return merge_views(select_class(cam, classes)) ** 2

    yield {'type': 'SquaredCAM'}
    TASK_UTILS._module_dict.pop('SquaredCAM')


@pytest.mark.parametrize('max_batch', [1, 2, 64])
def test_an_extractor_of_ones_own_is_one_function(squared, max_batch):
    net, batch = build(amr(), training=False), torch.randn(2, 3, 40, 56)
    labels = [LABEL, 1 - LABEL]
    settings = {'flip': False, 'output_stride': 8}
    method = MultiScaleCAM(extractor=squared, max_batch=max_batch, **settings)
    with torch.no_grad():
        got, scores = method.merged_cams(net, batch, labels)
        plain, same = MultiScaleCAM(**settings).merged_cams(net, batch, labels)
    torch.testing.assert_close(scores, same)
    for name, cam in got.items():
        for row, label in enumerate(labels):
            torch.testing.assert_close(
                cam[row], plain[name][row] ** 2 * label[:, None, None]
            )
