import torch

from projects.amr.ops import erase_peaks, resize_cam


def test_a_loop_over_pixels_gives_the_same():
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
