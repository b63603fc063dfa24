import math

import pytest
import torch
from scipy.stats import spearmanr

from model_configs import amr, build
from projects.amr.ops import normalize_cam
from projects.amr.workflow.inspection.amm_probe import AMMProbe

LABEL = 1


def probed(amm, image):
    """A model in float64, its AMMs by name, and the facts that are found."""
    model = build(amr({'type': 'AttentionModulation', **amm}), training=False)
    model = opened(model.double())
    probe = AMMProbe(model)
    return model, probe.amms, probe(image, LABEL)


def opened(model):
    """The model with residual branches that do not start closed."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    return model


@pytest.fixture
def image():
    return torch.randn(3, 33, 47, dtype=torch.float64)


def test_share_is_what_scaling_a_channel_does_to_the_score(image):
    """Central differences of the score by the log of a channel's scale."""
    model, amms, facts = probed({}, image)
    name, amm = [*amms.items()][-1]
    seen = []

    def score_with(channel, factor):
        def scale(_, args):
            seen[:] = [args[0]]
            factors = torch.ones(args[0].shape[1], 1, 1, dtype=torch.float64)
            factors[channel] = factor
            return (args[0] * factors,)

        handle = amm.register_forward_pre_hook(scale)
        cam = model.compensation.forward_cam(image[None])[0, LABEL]
        handle.remove()
        return cam.mean().item()

    with torch.no_grad():
        score_with(0, 1)
        shares = [
            (score_with(c, 1 + 1e-5) - score_with(c, 1 - 1e-5)) / 2e-5
            for c in range(seen[0].shape[1])
        ]
        score_with(0, 1)
        attention = amm.channel_attention(seen[0])
    expected = spearmanr(attention.flatten(), shares).statistic
    assert facts[name].channel_share == pytest.approx(expected, abs=0.02)
    assert set(facts) == set(amms)


def test_gate_that_is_the_spotlight_correlates_fully(image, monkeypatch):
    """Of a gate that a test sets: its order is what is compared."""
    model = opened(build(amr(), training=False).double())
    with torch.no_grad():
        cam = model.spotlight.forward_cam(image[None])[:, [LABEL]]
    spotlight = normalize_cam(cam)
    probe = AMMProbe(model)
    for amm in probe.amms.values():
        monkeypatch.setattr(
            amm,
            'spatial_gate',
            lambda x: torch.nn.functional.interpolate(
                1 - 0.5 * spotlight, x.shape[-2:], mode='bilinear'
            ),
        )
    for facts in probe(image, LABEL).values():
        assert facts.spatial_spotlight == pytest.approx(-1)


def test_a_part_that_is_missing_has_no_figure(image):
    _, _, facts = probed({'channel': False}, image)
    assert all(math.isnan(fact.channel_share) for fact in facts.values())
    _, _, facts = probed({'spatial': False}, image)
    assert all(math.isnan(fact.spatial_spotlight) for fact in facts.values())
    # A bell over normal values has the mean 0.71; here they are few.
    assert all(0.4 < fact.gate_mean < 1 for fact in facts.values())


def test_two_plain_networks_are_refused():
    with pytest.raises(ValueError, match='AMM'):
        AMMProbe(build(amr(None)))
