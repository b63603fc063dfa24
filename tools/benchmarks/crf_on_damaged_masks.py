"""What a CRF makes of damaged masks: mIoU in and out.

True masks are damaged (a share of the pixels gets a random label of the
image, or objects are eroded, or masks are drawn in blocks), and each label
map goes through the CRF with the kernels of each method.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import projects.amr.openmp  # noqa: F401  before torch

import cv2
import numpy as np
from PIL import Image

from projects.amr.datasets import VOCFolder
from projects.amr.evaluation.mask_evaluation import (
    MaskScores,
    mask_confusion,
)
from projects.amr.ops.label_crf import refine_class_labels
from projects.amr.runtime.files.progress import Reporter

NOISE, EROSION, BLOCK = 0.2, 7, 16
SETTINGS = (
    ('irn', 0.7),
    ('affinitynet', 0.7),
    ('deeplabv2', 0.7),
    ('deeplabv2', 0.9),
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data_root', help='as VOC2012')
    parser.add_argument('--split', default='train')
    parser.add_argument('--limit', type=int, help='first images only')
    parser.add_argument('--out', type=Path, help='JSON file of the table')
    return parser.parse_args()


def damaged(mask: np.ndarray, rng: np.random.Generator) -> dict:
    """Damaged copies (H, W) of a mask without void, by kind of damage."""
    classes = np.unique(mask)
    noise = rng.random(mask.shape) < NOISE
    noisy = np.where(noise, rng.choice(classes, mask.shape), mask)
    kernel = np.ones((2 * EROSION + 1,) * 2, np.uint8)
    eroded = np.zeros_like(mask)
    for label in classes[classes > 0]:
        inside = cv2.erode((mask == label).astype(np.uint8), kernel)
        eroded[inside > 0] = label
    blocks = mask[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]
    size = mask.shape[::-1]
    blocky = cv2.resize(blocks, size, interpolation=cv2.INTER_NEAREST)
    return {
        f'{NOISE:.0%} random labels': noisy.astype(np.uint8),
        f'eroded by {EROSION} px': eroded,
        f'blocks of {BLOCK} px': blocky,
    }


def main() -> None:
    """Print mIoU before and after."""
    args = parse_args()
    folder = VOCFolder.open(args.data_root, args.split)
    rng = np.random.default_rng(0)
    reporter, totals = Reporter(), {}
    ids = folder.ids[: args.limit]
    for number, image_id in enumerate(ids, 1):
        reporter.tick(f'image {number} of {len(ids)}')
        with Image.open(folder.image_path(image_id)) as file:
            image = np.array(file.convert('RGB'))
        with Image.open(folder.mask_path(image_id)) as file:
            truth = np.array(file)
        mask = np.where(truth == 255, 0, truth)
        for kind, labels in damaged(mask, rng).items():
            results = {'in': labels}
            for kernels, prob in SETTINGS:
                results[f'{kernels} {prob}'] = refine_class_labels(
                    image, labels, 'dense', kernels=kernels, gt_prob=prob
                )
            for name, result in results.items():
                counts = mask_confusion(result, truth, len(folder.classes))
                totals[kind, name] = totals.get((kind, name), 0) + counts
    reporter.close()
    table = {}
    for (kind, name), counts in totals.items():
        scores = MaskScores(folder.classes, counts, len(ids))
        table.setdefault(kind, {})[name] = scores.summary()['mIoU']
    for kind, row in table.items():
        cells = '  '.join(f'{name} {value:.1f}' for name, value in row.items())
        print(f'{kind:18} {cells}')
    if args.out:
        args.out.write_text(json.dumps(table, indent=1))


if __name__ == '__main__':
    main()
