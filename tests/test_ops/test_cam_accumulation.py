"""Accumulated CAMs against a loop, and what a killed training relies on."""

import itertools

import pytest
import torch

from projects.amr.ops.cam_accumulation import accumulate_cam, seen_classes


def cams(number=4, size=(5, 7)):
    generator = torch.Generator().manual_seed(0)
    return list(torch.randn(number, 3, *size, generator=generator))


def accumulate(maps):
    total = None
    for cam in maps:
        total = accumulate_cam(total, cam)
    return total


def test_it_is_the_largest_normalised_value():
    got = accumulate(cams())
    for k, y, x in itertools.product(range(3), range(5), range(7)):
        values = [
            max(float(cam[k, y, x]), 0) / float(cam[k].max()) for cam in cams()
        ]
        assert float(got[k, y, x]) == pytest.approx(max(values))
    assert got.amax((1, 2)).tolist() == [1, 1, 1]


def test_order_and_repetition_do_not_matter():
    want = accumulate(cams())
    for maps in itertools.permutations(cams()):
        assert torch.equal(accumulate(maps), want)
    assert torch.equal(accumulate([*cams(), *cams()[1:3]]), want)
    assert all((accumulate(cams()[:n]) <= want).all() for n in (1, 2, 3))


def test_an_unseen_class_leaves_no_trace():
    seen = torch.tensor([True, False, True])
    first, second = cams(2)
    start = accumulate_cam(None, first, seen=seen)
    assert not start[1].any()
    assert start[0].max() == 1
    after = accumulate_cam(accumulate([first]), second, seen=seen)
    assert torch.equal(after[1], accumulate([first])[1])
    assert torch.equal(after[0], accumulate([first, second])[0])


def test_maps_of_another_size_and_empty_maps():
    small = torch.ones(3, 2, 3)
    got = accumulate([cams()[0], small])
    torch.testing.assert_close(got, torch.ones(3, 5, 7))
    assert got.max() <= 1
    # Resizing rounds some values of a flat map up.
    flat = accumulate([torch.zeros(1, 9, 9), torch.ones(1, 1, 1)])
    assert flat.max() == 1
    assert not accumulate([-torch.ones(2, 3, 4)]).any()


def test_seen_are_the_best():
    logits = torch.tensor([0.3, -3.0, 2.0, 1.0, -1.0])
    for own in ([0, 2, 3], [1, 2], [4], []):
        classes = torch.tensor(own, dtype=torch.long)
        best = sorted(range(5), key=lambda k: -float(logits[k]))[: len(own)]
        got = seen_classes(logits, classes).tolist()
        assert got == [k in best for k in own]
