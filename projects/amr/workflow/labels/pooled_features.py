"""Pooled features of a classifier, one row per image."""

import numpy as np
import torch

from projects.amr.models.classifiers import BaseCAMClassifier
from projects.amr.runtime.files.item_progress import show_progress


@torch.no_grad()
def pooled_features(
    model: BaseCAMClassifier, loader
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Mean of the features that the heads read, image by image.

    Those of several branches stand one after another. ``loader`` gives whole
    images with weak labels. Returns image names, features (I, F) and weak
    labels (I, K), in its order.
    """
    model.eval()
    ids, features, labels = [], [], []
    for batch in show_progress(loader, len(loader), 'batches'):
        data = model.data_preprocessor(batch, False)
        for image, sample in zip(
            data['inputs'], data['data_samples'], strict=True
        ):
            pooled = [
                branch.extract_feat(image[None])[branch.head.in_index]
                .float()
                .mean((-2, -1))[0]
                for branch in model.branches().values()
            ]
            features.append(torch.cat(pooled).cpu().numpy())
            labels.append(sample.gt_label.cpu().numpy())
            ids.append(sample.img_id)
    return ids, np.stack(features), np.stack(labels)
