"""A classifier whose CAMs are given, for tests of what is made of them."""

import torch


class Known:
    """A classifier of fixed maps; two branches, fused by their mean."""

    final = 'mean'

    def __init__(self, **maps):
        self.maps = maps

    def branch_cams(self, views):
        return {
            name: cam.expand(len(views), -1, -1, -1)
            for name, cam in self.maps.items()
        }

    def view_cams(self, views):
        cams = self.branch_cams(views)
        return cams, {name: cam.mean((-2, -1)) for name, cam in cams.items()}

    def fuse_cams(self, cams):
        return {**cams, 'mean': sum(cams.values()) / len(cams)}

    def fuse_scores(self, logits):
        return torch.stack(list(logits.values())).sigmoid().mean(0)


def maps(*values):
    """One map a value, with it in a corner and 0.5 elsewhere."""
    cam = torch.full((1, len(values), 4, 4), 0.5)
    for index, value in enumerate(values):
        cam[0, index, 0, 0] = value
    return cam
