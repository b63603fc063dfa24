"""The dense CRF of one unary, in one call."""

from projects.amr.ops.dense_crf import DenseCRF, unary_from_labels


def dense_crf(image, unary, *, num_iters=10, **options):
    """Marginals Q (L, H, W)."""
    return DenseCRF(image, **options).infer(unary, num_iters=num_iters)


def cleaned(image, labels, num_labels, gt_prob=0.7, **settings):
    """Most probable labels (H, W) of a noisy label map."""
    unary = unary_from_labels(labels, num_labels, gt_prob)
    return dense_crf(image, unary, **settings).argmax(0)
