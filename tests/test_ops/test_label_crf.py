import numpy as np
import pytest
import torch
import torch.nn.functional as F
from crf_samples import dense_crf

from projects.amr.ops import label_crf
from projects.amr.ops.dense_crf import unary_from_softmax
from projects.amr.ops.label_crf import LabelCRF, refine_scores


@pytest.fixture
def scene():
    """An image of two halves and scores that are unsure about them."""
    rng = np.random.default_rng(0)
    image = np.zeros((23, 37, 3), np.uint8)
    image[:, 20:] = 200
    logits = rng.normal(size=(3, 23, 37))
    logits[1, :, 20:] += 1.5
    logits[0, :, :20] += 1.5
    probs = np.exp(logits)
    return image, (probs / probs.sum(0)).astype(np.float32)


def test_it_is_the_dense_crf_of_the_softmax(scene):
    image, probs = scene
    marginals = dense_crf(
        image, unary_from_softmax(probs), num_iters=10, kernels='deeplabv2'
    )
    got = refine_scores(image, probs, 'dense')
    np.testing.assert_array_equal(got, marginals.argmax(0))
    assert got.dtype == np.uint8
    truth = (image[..., 0] > 0).astype(int)
    assert (got == truth).mean() > (probs.argmax(0) == truth).mean() + 0.1


def test_without_crf_it_is_the_largest_probability(scene):
    image, probs = scene
    got = refine_scores(image, probs, None)
    np.testing.assert_array_equal(got, probs.argmax(0))


def test_labels_of_a_large_image_come_from_the_nearest_pixels(monkeypatch):
    """There and back, as torch has it; without iterations nothing moves."""
    monkeypatch.setattr(label_crf, 'MAX_CRF_PIXELS', 23 * 37 // 4)
    labels = np.random.default_rng(0).integers(0, 3, (23, 37), np.uint8)
    with pytest.warns(UserWarning, match='CRF'):
        cleaner = LabelCRF(np.zeros((23, 37, 3), np.uint8), num_iters=0)
    want = torch.from_numpy(labels)[None, None].float()
    for size in ((11, 18), (23, 37)):
        want = F.interpolate(want, size, mode='nearest-exact')
    np.testing.assert_array_equal(cleaner.refine(labels, 3), want[0, 0])
