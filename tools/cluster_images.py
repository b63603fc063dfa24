#!/usr/bin/env python
"""Cluster the training images of each class (SC-CAM).

``cluster_images.py CONFIG CHECKPOINT OUT.npz`` takes the pooled features of
a trained classifier for every training image and writes each image's clusters.
A training of ``SubCategoryClassifier`` reads the file (``LoadSubcategories``).
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

import torch
from mmengine.runner import Runner

from projects.amr.errors import UserError
from projects.amr.models.classifiers import BaseCAMClassifier
from projects.amr.ops.subcategories import cluster_subcategories
from projects.amr.runtime.config.config_reading import require_keys
from projects.amr.structures.subcategory_labels import save_subcategories
from projects.amr.workflow.deploy.trained_model import load_trained
from projects.amr.workflow.labels.pooled_features import pooled_features
from projects.amr.workflow.launch.config_agreement import settle_config
from projects.amr.workflow.launch.tool_setup import (
    add_common_arguments,
    load_config,
    run_tool,
    tool_parser,
)

NEEDED = ('model', 'train_dataloader', 'test_dataloader')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='config of the trained classifier')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('out', type=Path, help='.npz file to write')
    parser.add_argument(
        '--clusters', type=int, default=10, help='of a class at most'
    )
    parser.add_argument(
        '--min-images', type=int, default=10, help='per cluster on average'
    )
    parser.add_argument('--seed', type=int, default=0, help='of k-means')
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Make the features, cluster, write."""
    args = parse_args()
    if args.clusters < 1 or args.min_images < 1:
        raise UserError('--clusters and --min-images must be at least 1')
    args.out.parent.mkdir(parents=True, exist_ok=True)
    cfg = load_config(args)
    require_keys(cfg, 'test', NEEDED)
    cfg.test_dataloader.dataset.ann_file = (
        cfg.train_dataloader.dataset.ann_file
    )
    settle_config(cfg, ('test',), args.cfg_options)
    model = load_trained(cfg, args.checkpoint).model
    if not isinstance(model, BaseCAMClassifier):
        raise UserError(
            f"{args.config}: clusters are those of a classifier's features, "
            f'not of {type(model).__name__}; give a CAMClassifier or AMR'
        )
    model.to('cuda' if torch.cuda.is_available() else 'cpu')
    loader = Runner.build_dataloader(cfg.test_dataloader, seed=0)
    ids, features, labels = pooled_features(model, loader)
    clusters, found = cluster_subcategories(
        features,
        labels,
        args.clusters,
        min_images=args.min_images,
        seed=args.seed,
    )
    save_subcategories(args.out, ids, clusters)
    print(
        f'{len(ids)} images, clusters per class {found.tolist()}: {args.out}'
    )


if __name__ == '__main__':
    run_tool(main)
