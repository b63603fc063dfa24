"""The images of AdvCAM on their way, as the network sees them."""

import pytest
import torch
from adv_cam_samples import images, model

from projects.amr.models import AdvCAM
from projects.amr.models.cam_methods.adv_cam import (
    climbing_objective,
    value_range,
)
from projects.amr.ops import merge_views, select_class


def climb(method, net, batch, classes):
    """Views on the way, as the network saw them."""
    seen = []
    handle = net.backbone.register_forward_hook(
        lambda _m, inputs, _o: seen.append(inputs[0].detach().clone())
    )
    views = torch.stack([batch, batch.flip(-1)])
    with torch.enable_grad():
        method(net, views, classes, 0)
    handle.remove()
    return views, [x.unflatten(0, views.shape[:2]) for x in seen]


def test_images_stay_in_range_and_the_objective_rises():
    net, batch = model(), images()
    classes = torch.tensor([0, 2])
    method = AdvCAM(num_steps=5, step_size=0.02, ad_weight=0.5)
    views, way = climb(method, net, batch, classes)
    low, high = value_range(views)
    assert len(way) == 6
    objectives, initial = [], None
    for now in way:
        assert (now >= low).all()
        assert (now <= high).all()
        cam = method.branch_cam(net, now)
        own = merge_views(select_class(cam, classes))
        initial = own if initial is None else initial
        objectives.append(
            climbing_objective(cam, initial, classes, ad_weight=0.5)
        )
    assert torch.equal(way[0], views)
    assert (objectives[1] > objectives[0]).all()
    assert (objectives[-1] > objectives[0]).all()


@pytest.mark.parametrize('steps', [0, 3])
@pytest.mark.parametrize('reduction', ['mean', 'positive'])
def test_refined_maps_are_added_and_the_cam_climbs(steps, reduction):
    net, batch, classes = model(), images(), torch.tensor([0, 2])
    method = AdvCAM(num_steps=steps, ad_reduction=reduction)
    views, way = climb(method, net, batch, classes)
    want = 0
    for now in way:
        cam = method.branch_cam(net, now).relu() ** 2
        want = want + merge_views(select_class(cam, classes))
    net.refines = True
    net.view_cam = lambda x: (net.forward_cam(x).relu() ** 2, None)
    with torch.enable_grad():
        got = method(net, views, classes, 0)
    torch.testing.assert_close(got, want)
    assert not got.requires_grad
