#!/usr/bin/env python
"""Draw the CAMs of one picture: ``cam_demo.py IMAGE CONFIG CHECKPOINT``.

One row a class: the picture, then every map of the classifier (for AMR:
spotlight, compensation, weighted).
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

import cv2
import torch

from projects.amr.errors import UserError
from projects.amr.runtime.files.atomic_write import write_file, writing
from projects.amr.structures.label_space import foreground_names
from projects.amr.visualization.class_strips import class_strips
from projects.amr.workflow.deploy.prediction import cams_of_photo
from projects.amr.workflow.deploy.trained_model import load_trained
from projects.amr.workflow.launch.tool_setup import (
    add_common_arguments,
    add_trust_argument,
    load_config,
    run_tool,
    tool_parser,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('image', help='picture')
    parser.add_argument('config', help='config of a classifier')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument(
        '--labels',
        help='classes to draw, as dog,sofa; without it those with a score '
        'above 0.5, and the best; with no map at all the picture alone',
    )
    parser.add_argument(
        '--out', type=Path, help='PNG to write, by default <image>_cam.png'
    )
    add_trust_argument(parser)
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Predict, draw, print the scores."""
    args = parse_args()
    if args.out and args.out.suffix.lower() != '.png':
        raise UserError(f'--out {args.out}: the name must end in .png')
    trained = load_trained(
        load_config(args), args.checkpoint, args.trust_checkpoint
    )
    trained.model.to('cuda' if torch.cuda.is_available() else 'cpu')
    labels = [n.strip() for n in (args.labels or '').split(',') if n.strip()]
    sample = cams_of_photo(trained, args.image, labels)
    classes = foreground_names(trained.classes)
    scores = sample.pred_score.tolist()
    pred = sample.pred_cam
    captions = [f'{classes[k]} {scores[k]:.2f}' for k in pred.classes]
    cams = {name: pred.get(name).cpu().numpy() for name in pred.maps}
    if not captions:  # no class has a map that is positive anywhere
        cams, captions = {}, ['nothing found']
    _, data = cv2.imencode('.png', class_strips(sample.img, cams, captions))
    out = args.out or Path(f'{Path(args.image).stem}_cam.png')
    with writing(out):
        write_file(out, data.tobytes())
    for index in sorted(range(len(scores)), key=lambda k: -scores[k])[:5]:
        print(f'{scores[index]:.3f}  {classes[index]}')
    least = trained.model.cam_method.score_thr
    if not labels and max(scores) <= least:
        print(f'nothing found: no score is above {least:g}')
    print(f'{", ".join(captions)}: {out}')


if __name__ == '__main__':
    run_tool(main)
