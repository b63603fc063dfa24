"""Pooled features of a classifier, one row per image."""

import numpy as np
import torch

from projects.amr.models.classifiers import CAMClassifier
from projects.amr.runtime.files.item_progress import show_progress


@torch.no_grad()
def pooled_features(
    model: CAMClassifier, loader
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Mean of the features that the head reads, image by image.

    Args:
        model (CAMClassifier): A trained classifier.
        loader (DataLoader): Whole images with weak labels.

    Returns:
        tuple[list[str], np.ndarray, np.ndarray]: Image names, features
        (I, F) and weak labels (I, K), in the loader's order.
    """
    model.eval()
    ids, features, labels = [], [], []
    for batch in show_progress(loader, len(loader), 'batches'):
        data = model.data_preprocessor(batch, False)
        for image, sample in zip(
            data['inputs'], data['data_samples'], strict=True
        ):
            maps = model.extract_feat(image[None])[model.head.in_index]
            features.append(maps.float().mean((-2, -1))[0].cpu().numpy())
            labels.append(sample.gt_label.cpu().numpy())
            ids.append(sample.img_id)
    return ids, np.stack(features), np.stack(labels)
