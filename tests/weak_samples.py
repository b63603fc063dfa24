"""Weakly labelled samples, and what a loss of theirs moves."""

import torch
from mmseg.structures import SegDataSample


def weak_samples(*labels) -> list:
    """A sample for each weak label (K,)."""
    return [SegDataSample(gt_label=torch.tensor(label)) for label in labels]


def moved(model, total) -> set:
    """Names of the parameters that a loss reaches with a gradient."""
    model.zero_grad()
    total.backward(retain_graph=True)
    return {
        name
        for name, p in model.named_parameters()
        if p.grad is not None and p.grad.abs().max() > 0
    }
