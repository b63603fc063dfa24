import pytest
import torch
import torch.nn.functional as F

from projects.amr.ops import (
    cam_to_label,
    erase_peaks,
    merge_flip,
    normalize_cam,
    pool_logits,
    resize_cam,
    weighted_cam,
)
from projects.amr.ops.cam import enlarge_and_cut, usable_maps


def test_logits_are_the_classifier_on_pooled_features():
    features = torch.randn(2, 6, 5, 7, dtype=torch.float64)
    weight = torch.randn(3, 6, 1, 1, dtype=torch.float64)
    logits = pool_logits(F.conv2d(features, weight))
    want = features.mean((2, 3)) @ weight[:, :, 0, 0].T
    torch.testing.assert_close(logits, want)


def test_normalised_maps_peak_at_one_or_are_empty():
    cam = torch.randn(4, 5, 7)
    cam[2] = -cam[2].abs()
    got = normalize_cam(cam)
    assert got.amax((-2, -1)).tolist() == [1, 1, 0, 1]
    assert got.min() == 0
    torch.testing.assert_close(got[0] * cam[0].max(), cam[0].relu())


def test_normalising_ignores_scale_down_to_tiny_maps():
    cam = torch.rand(2, 3, 5, dtype=torch.float64) + 0.1
    torch.testing.assert_close(normalize_cam(cam), normalize_cam(cam * 1e-12))
    for scale in (2.0**-149, 1e-38, 1e-31, 3e38):
        faint = torch.tensor([[[0.0, scale], [-scale, scale]]])
        assert normalize_cam(faint).tolist() == [[[0, 1], [0, 1]]]


def test_an_empty_map_has_no_gradient_and_others_have_theirs():
    cam = torch.rand(4, 2, 3) + 0.1
    cam[1], cam[2], cam[3, 0, 0] = -1, 0, torch.inf
    cam.requires_grad_()
    normalize_cam(cam).sum().backward()
    assert cam.grad.isfinite().all()
    assert not cam.grad[1:].any()
    double = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(normalize_cam, double)


def test_weighted_cam_at_the_ends_is_one_branch():
    a, b = torch.rand(2, 3, 3), torch.rand(2, 3, 3)
    torch.testing.assert_close(weighted_cam(a, b, 1.0), a)
    torch.testing.assert_close(weighted_cam(a, b, 0.0), b)
    torch.testing.assert_close(weighted_cam(a, b, 0.3), 0.3 * a + 0.7 * b)


def test_merging_a_map_with_its_mirror_image_doubles_it():
    cam = torch.rand(2, 3, 5, 7)
    merged = merge_flip(torch.cat([cam, cam.flip(-1)]))
    torch.testing.assert_close(merged, 2 * cam)


def test_resize_keeps_constants_and_equal_sizes():
    cam = torch.rand(2, 5, 7)
    assert resize_cam(cam, (5, 7)) is cam
    constant = resize_cam(torch.full((1, 2, 5, 7), 0.25), (23, 37))
    torch.testing.assert_close(constant, torch.full((1, 2, 23, 37), 0.25))
    assert resize_cam(cam[:0], (9, 4)).shape == (0, 9, 4)


@pytest.mark.parametrize('size', [(5, 8), (3, 13), (5, 13)])
def test_enlarged_maps_that_miss_a_side_of_the_image_are_resized(size):
    cam = torch.rand(2, 2, 6)  # 4 x 12, enlarged
    want = F.interpolate(cam[None], size, mode='bilinear')[0]
    torch.testing.assert_close(enlarge_and_cut(cam, 2, size), want)


def test_usable_maps_are_finite_and_positive_somewhere():
    cam = torch.zeros(5, 2, 3)
    cam[0, 1, 1], cam[2:, 0, 0] = 0.1, 1
    cam[2, 0, 1], cam[3, 1, 0] = float('nan'), float('inf')
    cam[4, 1, 2] = -float('inf')
    assert usable_maps(cam).tolist() == [True, False, False, False, False]


def test_label_map_equals_argmax_over_background_and_classes():
    cam = torch.rand(3, 23, 37)
    classes = torch.tensor([1, 4, 6])
    stack = torch.cat([torch.full((1, 23, 37), 0.6), cam])
    want = torch.tensor([0, 2, 5, 7])[stack.argmax(0)]
    got = cam_to_label(cam, classes, (23, 37), 0.6)
    assert torch.equal(got, want)
    assert set(got.unique().tolist()) == {0, 2, 5, 7}


def test_a_class_that_ties_with_the_background_loses():
    cam = torch.tensor([[[0.25, 0.5]], [[0.25, 0.125]]])
    got = cam_to_label(cam, torch.tensor([4, 7]), (1, 2), 0.25)
    assert got.tolist() == [[0, 5]]


def test_image_without_classes_is_background():
    none = cam_to_label(
        torch.zeros(0, 2, 3), torch.zeros(0).long(), (8, 9), 0.2
    )
    assert none.shape == (8, 9)
    assert not none.any()


def test_pixels_under_a_labelled_peak_are_erased():
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 11, 7, generator=generator)
    cam = torch.randn(2, 4, 5, 3, generator=generator)
    labels = torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 1]])
    got = erase_peaks(images, cam, labels, 0.4)
    erased = 0
    for n in range(2):
        maps = [
            (m.relu() / m.max()).nan_to_num(0)
            for m, label in zip(cam[n], labels[n], strict=True)
            if label
        ]
        maps = resize_cam(torch.stack(maps), (11, 7))
        for y in range(11):
            for x in range(7):
                high = max(m[y, x] for m in maps) > 0.4
                want = torch.zeros(3) if high else images[n, :, y, x]
                assert torch.equal(got[n, :, y, x], want)
                erased += bool(high)
    assert 0 < erased < 2 * 77


def test_unlabelled_classes_and_empty_maps_erase_nothing():
    images = torch.ones(1, 3, 4, 5)
    cam = torch.stack([torch.rand(4, 5), -torch.rand(4, 5)])[None]
    for labels in ([0.0, 0.0], [0.0, 1.0]):
        got = erase_peaks(images, cam, torch.tensor([labels]), 0.1)
        assert torch.equal(got, images)


def test_no_gradient_passes_to_the_map():
    images = torch.ones(1, 3, 4, 5, requires_grad=True)
    cam = torch.rand(1, 1, 4, 5, requires_grad=True)
    erase_peaks(images, cam, torch.ones(1, 1), 0.5).sum().backward()
    assert cam.grad is None
    kept = (cam / cam.max() <= 0.5).expand(1, 3, 4, 5)
    assert torch.equal(images.grad, kept.float())
