"""A devkit folder of four sound images, and ways to damage it."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ('background', 'dog', 'cat', 'dining table')
SIZE = (23, 37)
XML = '<annotation>{}</annotation>'
OBJECT = '<object><name>{}</name><difficult>{}</difficult></object>'


def sound_root(root: Path) -> Path:
    """Four images a, b, c, d with annotations; a and b with masks."""
    for name in ('JPEGImages', 'Annotations', 'SegmentationClass'):
        (root / name).mkdir(parents=True)
    (root / 'ImageSets/Segmentation').mkdir(parents=True)
    (root / 'classes.txt').write_text('\n'.join(CLASSES))
    for image_id in 'abcd':
        photo().save(root / f'JPEGImages/{image_id}.jpg')
        annotate(root, image_id, ('dog', 0))
    for image_id in 'ab':
        save_mask(root, image_id, mask())
    split(root, 'train', 'a\nb\nc\n')
    split(root, 'val', 'd\n')
    return root


def photo(size: tuple[int, int] = SIZE) -> Image.Image:
    """A noisy image of (H, W)."""
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    return Image.fromarray(noise)


def mask(size: tuple[int, int] = SIZE, values=(0, 1, 255)) -> np.ndarray:
    """Labels of (H, W) with the values in the first pixels."""
    labels = np.zeros(size, np.uint8)
    labels.flat[: len(values)] = values
    return labels


def save_mask(root: Path, image_id: str, labels: np.ndarray) -> Path:
    """Write a mask."""
    path = root / f'SegmentationClass/{image_id}.png'
    Image.fromarray(labels).save(path)
    return path


def annotate(root: Path, image_id: str, *objects: tuple[str, int]) -> Path:
    """Write an annotation of (name, difficult)."""
    path = root / f'Annotations/{image_id}.xml'
    path.write_text(XML.format(''.join(OBJECT.format(*o) for o in objects)))
    return path


def split(root: Path, name: str, text: str | bytes) -> Path:
    """Write a list."""
    path = root / f'ImageSets/Segmentation/{name}.txt'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
