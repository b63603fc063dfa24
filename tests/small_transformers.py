"""Small random vision transformers, and texts for them."""

from pathlib import Path

import numpy as np
import torch
from mmseg.registry import MODELS
from torch import nn
from weak_samples import weak_samples

OPTIONS = {'depth': 3, 'embed_dim': 24, 'num_heads': 2, 'img_size': 32}
CHANNELS, LENGTH = 24, 12
TOY_CLASSES = ('alvo', 'bimi', 'coru', 'dexa')


def timm_vit(patch_size: int = 8, **changes) -> dict:
    """A transformer of three blocks."""
    return {
        'type': 'TimmViT',
        'arch': 'deit_small_patch16_224',
        'options': {**OPTIONS, 'patch_size': patch_size},
        **changes,
    }


def mmpretrain_vit(patch_size: int = 8) -> dict:
    """One of mmpretrain, of three blocks too."""
    return {
        'type': 'mmpretrain.VisionTransformer',
        'arch': {
            'embed_dims': CHANNELS,
            'num_layers': 3,
            'num_heads': 2,
            'feedforward_channels': 48,
        },
        'img_size': 32,
        'patch_size': patch_size,
        'out_type': 'featmap',
    }


def mctformer(num_classes: int = 4, patch_size: int = 8, **changes) -> dict:
    """MCTformer+ on it."""
    return {
        'type': 'MCTformerPlus',
        'backbone': timm_vit(patch_size),
        'head': {
            'type': 'CAMHead',
            'in_channels': CHANNELS,
            'num_classes': num_classes,
            'kernel_size': 3,
        },
        **changes,
    }


def clip(text_file: Path, patch_size: int = 8, **changes) -> dict:
    """A CLIP classifier on it."""
    return {
        'type': 'CLIPClassifier',
        'backbone': timm_vit(
            patch_size,
            arch='vit_base_patch16_clip_quickgelu_224',
            projection=LENGTH,
        ),
        'num_classes': 4,
        'text_file': str(text_file),
        'logit_scale': 5.0,
        **changes,
    }


def write_texts(path: Path, classes=TOY_CLASSES, seed: int = 0, **changes):
    """A file of random texts: one row a class, three of background."""
    rng = np.random.default_rng(seed)
    arrays = {
        'classes': np.array(classes),
        'embeddings': rng.normal(size=(len(classes), LENGTH)),
        'background': rng.normal(size=(3, LENGTH)),
        **changes,
    }
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
    return path


def built(config: dict, std: float | None = None) -> nn.Module:
    """A model to test; a spread of all weights, so that tokens differ."""
    torch.manual_seed(0)
    model = MODELS.build(config)
    model.init_weights()
    model.eval()
    for parameter in model.parameters() if std else ():
        nn.init.normal_(parameter, std=std)
    return model


def assert_batch_is_its_images(model, images: list, labels: list) -> None:
    """Hold predictions of images of many sizes against each one's alone."""
    together = model.predict(images, weak_samples(*labels))
    for image, label, found in zip(images, labels, together, strict=True):
        (own,) = model.predict([image], weak_samples(label))
        assert own.pred_cam.classes == found.pred_cam.classes
        torch.testing.assert_close(
            own.pred_cam.cam, found.pred_cam.cam, atol=2e-3, rtol=0
        )
        torch.testing.assert_close(own.pred_score, found.pred_score)
    assert sum(len(found.pred_cam.cam) for found in together) > 1
