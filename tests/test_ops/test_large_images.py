import pytest
import torch
import torch.nn.functional as F

from projects.amr.ops.large_images import argmax_resized, bounded_scale


@pytest.mark.parametrize('size', [(23, 37), (5, 90), (1, 1), (3, 4)])
@pytest.mark.parametrize('band_values', [1, 500, 2**27])
def test_labels_are_those_of_the_whole_map(size, band_values):
    logits = torch.randn(3, 7, 11, dtype=torch.float64)
    whole = F.interpolate(
        logits[None], size, mode='bilinear', align_corners=False
    )
    got = argmax_resized(logits, size, band_values)
    assert torch.equal(got, whole[0].argmax(0)[None])


def test_rows_of_half_precision_maps_are_in_their_places():
    logits = torch.randn(3, 7, 2).bfloat16()
    size = (3001, 2)
    whole = F.interpolate(logits[None].float(), size, mode='bilinear')
    got = argmax_resized(logits, size)
    assert (got != whole[0].argmax(0)).float().mean() < 1e-3


def test_a_bound_keeps_small_images_as_they_are():
    assert bounded_scale((10, 10), 1.5, 225) == 1.5
    assert bounded_scale((10, 10), 1.5, None) == 1.5
    scale = bounded_scale((10, 40), 2.0, 100)
    assert scale == pytest.approx(0.5)
