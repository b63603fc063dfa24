"""Dense CRF on a segmentation network's scores."""

import numpy as np

from projects.amr.ops.crf_unary import unary_from_softmax
from projects.amr.ops.label_crf import LabelCRF


def refine_scores(
    image: np.ndarray,
    probs: np.ndarray,
    crf: str | None,
    *,
    kernels: str = 'deeplabv2',
    num_iters: int = 10,
) -> np.ndarray:
    """Most probable labels of a softmax after a CRF.

    DeepLab-v2's post-processing (arXiv:1606.00915): the network's
    probabilities at the size of the image are the unary. All labels take
    part, as there.

    Args:
        image (np.ndarray): RGB, uint8, shape (H, W, 3).
        probs (np.ndarray): Probabilities in [0, 1], shape (L, H, W).
        crf (str | None): See :class:`LabelCRF`; None gives the label of the
            largest probability.
        kernels (str): Entry of ``CRF_KERNELS``. Defaults to 'deeplabv2'.
        num_iters (int): Mean-field iterations. Defaults to 10.

    Returns:
        np.ndarray: Shape (H, W), uint8.

    Raises:
        ValueError: If the sizes differ or an argument breaks its rule.
    """
    if image.shape[:2] != probs.shape[1:]:
        raise ValueError(
            f'`image` and `probs` must have one size, got {image.shape[:2]} '
            f'and {probs.shape[1:]}'
        )
    cleaner = LabelCRF(image, crf, kernels=kernels, num_iters=num_iters)
    return cleaner.infer(unary_from_softmax(probs))
