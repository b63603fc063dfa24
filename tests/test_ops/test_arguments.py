"""Arguments that break their rule: operations refuse them by name."""

from functools import partial

import numpy as np
import pytest
import torch

from projects.amr.ops.attention_affinity import patch_attention
from projects.amr.ops.boundary_labels import boundary_labels
from projects.amr.ops.cam_accumulation import accumulate_cam
from projects.amr.ops.dense_crf import (
    DenseCRF,
    unary_from_labels,
    unary_from_softmax,
)
from projects.amr.ops.label_crf import refine_class_labels, refine_scores
from projects.amr.ops.modulation import gaussian_modulation
from projects.amr.ops.pseudo_label import walk_to_scores
from projects.amr.ops.saliency import (
    drs_labels,
    mask_non_salient,
    oaa_labels,
)
from projects.amr.ops.seeds import (
    affinity_seed,
    check_seed_params,
    confident_seed,
    reliable_seed,
)
from projects.amr.ops.segment_votes import segment_votes
from projects.amr.ops.subcategories import cluster_subcategories, k_means

LABELS = np.zeros((5, 7), np.uint8)
IMAGE = np.zeros((5, 7, 3), np.uint8)
MAPS = np.ones((1, 5, 7))  # as scores, and one of them as saliency
ROWS = np.ones((6, 4))
WALK = torch.rand(1, 5, 6), torch.rand(5, 6), (9, 9)

CASES = [
    ('num_layers', partial(patch_attention, [torch.ones(1, 1, 3, 3)], 2, 5)),
    ('seed', partial(boundary_labels, ROWS)),
    ('window', partial(boundary_labels, LABELS, window=4)),
    ('share', partial(boundary_labels, LABELS, share=0)),
    ('difference', partial(boundary_labels, LABELS, difference=-1)),
    ('classes', partial(accumulate_cam, torch.ones(2, 3, 3), WALK[0])),
    ('backend', partial(DenseCRF, IMAGE, backend='gpu')),
    ('labels', partial(unary_from_labels, LABELS + 2, 2)),
    ('labels', partial(unary_from_labels, LABELS.astype(int) - 1, 2)),
    ('gt_prob', partial(unary_from_labels, LABELS, 2, 1.0)),
    ('probs', partial(unary_from_softmax, 1.1 * MAPS)),
    ('probs', partial(unary_from_softmax, np.nan * MAPS)),
    ('among', partial(refine_class_labels, IMAGE, LABELS + 3, None, [1])),
    ('size', partial(refine_class_labels, IMAGE[1:], LABELS, 'dense')),
    ('size', partial(refine_scores, IMAGE[1:], MAPS, None)),
    ('stats', partial(gaussian_modulation, WALK[0], stats='layer')),
    ('eps', partial(gaussian_modulation, WALK[0], eps=-1)),
    ('boundary', partial(walk_to_scores, WALK[0], *WALK[::2])),
    *(
        (name, partial(walk_to_scores, *WALK, **{name: value}))
        for name, value in (
            *(('cam_power', 0), ('solver', 'x')),
            *(('radius', 0), ('enlarge_by', 0)),
        )
    ),
    *(
        (name, partial(rule, *given))
        for rule in (oaa_labels, drs_labels)
        for name, given in (
            ('saliency', (255 * MAPS[0], MAPS, [4])),
            ('cam', (MAPS[0], 2 * MAPS, [4])),
            ('maps', (MAPS[0, 1:], MAPS, [4])),
        )
    ),
    ('width', partial(mask_non_salient, *3 * [LABELS], 2, width=0)),
    ('size', partial(mask_non_salient, LABELS, LABELS[1:], LABELS, 2)),
    *(
        (name, partial(recipe, IMAGE, 0 * MAPS, [1], **changes))
        for recipe, name, changes in (
            (confident_seed, 'bg_thr', {'fg_thr': 0.2}),
            (confident_seed, 'bg_thr', {'bg_thr': -0.1}),
            (confident_seed, 'fg_thr', {'fg_thr': 1.1}),
            (confident_seed, 'crf', {'crf': 'full'}),
            (confident_seed, 'kernels', {'kernels': 'x'}),
            (confident_seed, 'gt_prob', {'gt_prob': 1}),
            (affinity_seed, 'alpha_low', {'alpha_low': 0}),
            (affinity_seed, 'alpha_high', {'alpha_low': 33}),
            (reliable_seed, 'top_share', {'top_share': 0}),
        )
    ),
    *(
        (name, partial(check_seed_params, 'rrm', {name: value}))
        for name in ('prob_thr', 'top_share', 'min_score')
        for value in (-0.1, 1.1)
    ),
    ('labels', partial(segment_votes, ROWS, [])),
    ('masks', partial(segment_votes, LABELS, [np.ones((2, 2), bool)])),
    ('min_share', partial(segment_votes, LABELS, [], min_share=1)),
    ('min_cover', partial(segment_votes, LABELS, [], min_cover=0)),
    ('features', partial(cluster_subcategories, np.nan * ROWS, ROWS)),
    ('labels', partial(cluster_subcategories, ROWS, ROWS[1:])),
    ('num_clusters', partial(cluster_subcategories, ROWS, ROWS, 0)),
    ('min_images', partial(cluster_subcategories, ROWS, ROWS, min_images=0)),
    ('num_clusters', partial(k_means, ROWS, 7)),
]


@pytest.mark.parametrize(('name', 'call'), CASES)
def test_an_argument_that_breaks_its_rule_is_named(name, call):
    with pytest.raises(ValueError, match=name):
        call()
