"""Subsets of scales: their maps are those of MultiScaleCAM."""

import benchmark_scales
import torch

from model_configs import amr, build


def test_subsets_are_all_single_ones_growing_ones_and_all():
    found = benchmark_scales.subsets([0.5, 1.0, 1.5, 2.0])
    assert found == [
        (0.5,),
        (1.0,),
        (1.5,),
        (2.0,),
        (0.5, 1.0),
        (0.5, 1.0, 1.5),
        (1.0, 1.5, 2.0),
        (0.5, 1.5, 2.0),
        (0.5, 1.0, 2.0),
        (0.5, 1.0, 1.5, 2.0),
    ]
    assert benchmark_scales.passes((0.5, 2.0)) == 4.25


def test_maps_of_all_scales_are_those_of_the_whole_method():
    scales = [0.5, 1.0, 1.5]
    model = build(amr(test_cfg=dict(scales=scales, output_stride=2)))
    model.eval()
    images, labels = [torch.rand(3, 33, 47)], [torch.tensor([1.0, 0.0, 1.0])]
    (whole,) = model.cam_method(model, images, labels)
    method = benchmark_scales.SubsetCAM(model.cam_method, scales)
    (made,) = method(model, images, labels)
    assert made.classes.tolist() == whole.classes.tolist() == [0, 2]
    torch.testing.assert_close(
        made.cams['0.5+1+1.5'], whole.cams['weighted'], atol=1e-3, rtol=0
    )
