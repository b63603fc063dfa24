"""Classifiers whose CAMs are given, for tests of what is made of them."""

import torch
from torch import nn


class KnownBranch(nn.Module):
    """A branch whose map is a function of the views (N, 3, H, W)."""

    final = 'cam'
    refines = False

    def __init__(self, map_of):
        super().__init__()
        self.map_of = map_of

    def branches(self):
        return {'cam': self}

    def view_cam(self, views):
        cam = self.map_of(views)
        return cam, cam.mean((-2, -1))

    def finish_cam(self, cam):
        return cam

    def combine(self, cams):
        return cams


class Known(nn.Module):
    """Two branches of fixed maps (1, K, h, w), combined by their mean."""

    final = 'mean'

    def __init__(self, **cams):
        super().__init__()
        self.cams = cams

    def map_of(self, name, views):
        return self.cams[name].expand(len(views), -1, -1, -1)

    def branches(self):
        return {
            name: KnownBranch(lambda views, n=name: self.map_of(n, views))
            for name in self.cams
        }

    def combine(self, cams):
        return {**cams, 'mean': sum(cams.values()) / len(cams)}


def maps(*values):
    """One map a value, with it in a corner and 0.5 elsewhere."""
    cam = torch.full((1, len(values), 4, 4), 0.5)
    for index, value in enumerate(values):
        cam[0, index, 0, 0] = value
    return cam


class Watched:
    """A CAM method that first shows its model and images to a function."""

    def __init__(self, method, show):
        self.method, self.show = method, show
        self.scales, self.output_stride = method.scales, method.output_stride

    def __call__(self, model, images, labels):
        self.show(model, images)
        return self.method(model, images, labels)
