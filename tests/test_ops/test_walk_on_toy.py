"""The three solvers on images of the toy set: the same labels."""

import cv2
import numpy as np
import torch

from projects.amr.datasets.toy_voc import PRESETS, draw_sample
from projects.amr.ops import cam_to_label
from projects.amr.ops.pseudo_label import walk_to_scores

CLASSES = torch.arange(4)


def noisy_cam(sample, stride=2):
    """Blurred heads of each class: what a plain classifier finds."""
    maps = []
    for label in range(1, 5):
        head = ((sample.mask == label) & (sample.part == 1)).astype(np.float32)
        maps.append(cv2.GaussianBlur(head, (0, 0), 3)[::stride, ::stride])
    cam = torch.from_numpy(np.stack(maps))
    return cam / cam.max().clamp_min(1e-6)


def edges(image, stride=2):
    """Colour edges as a boundary map."""
    blurred = cv2.GaussianBlur(image, (0, 0), 1).astype(np.float32)
    change = sum(
        np.abs(cv2.Sobel(blurred, cv2.CV_32F, *order)).max(-1)
        for order in ((1, 0), (0, 1))
    )
    edge = torch.from_numpy(change[::stride, ::stride] / 400)
    return edge.clamp(0, 1)


def test_labels_do_not_depend_on_the_solver():
    spread = 0
    for index in range(6):
        sample = draw_sample(PRESETS['tiny'], 'train', index)
        size = sample.mask.shape
        cam, boundary = noisy_cam(sample), edges(sample.image)
        labels = [
            cam_to_label(
                walk_to_scores(cam, boundary, size, radius=3, solver=solver),
                CLASSES,
                size,
                0.25,
            )
            for solver in ('dense', 'sparse', 'chebyshev')
        ]
        assert torch.equal(labels[0], labels[1])
        assert torch.equal(labels[0], labels[2])
        still = cam_to_label(cam, CLASSES, size, 0.25)
        spread += int((labels[0] != still).sum())
        assert labels[0].any()
    assert spread > 0  # the walk does move labels
