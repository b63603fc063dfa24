"""vote_masks, as a user calls it."""

import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from runner_configs import contents

from projects.amr.datasets import VOCFolder
from projects.amr.structures import load_label_map, save_label_map
from projects.amr.workflow.ablation.grid import SUMMARY

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.fixture
def folder(toy_root, tmp_path):
    """Labels that leak, and perfect masks, of the toy set."""
    for name in ('labels', 'masks'):
        (tmp_path / name).mkdir()
    split = VOCFolder.open(toy_root, 'train')
    for image_id in split.ids:
        truth, _ = load_label_map(split.mask_path(image_id))
        ids = np.where(truth == 255, 0, truth.astype(np.uint16) + 300)
        cv2.imwrite(str(tmp_path / f'masks/{image_id}.png'), ids)
        leaked = cv2.dilate(truth * (truth != 255), np.ones((5, 5)))
        save_label_map(tmp_path / f'labels/{image_id}.png', leaked)
    config = f"""
_base_ = '{CONFIGS}/toy/seeds_toyvoc.py'
label_transform = dict(_delete_=True, type='VoteSegments')
test_dataloader = dict(
    num_workers=0,
    dataset=dict(
        data_root='{toy_root}',
        ann_file='ImageSets/Segmentation/train.txt',
        pipeline=[
            dict(
                type='LoadSegments', label_dir='labels', segment_dir='masks'
            )
        ],
    ),
)
"""
    (tmp_path / 'votes.py').write_text(config)
    return tmp_path


def test_votes_are_made_kept_and_scored(output_of, folder):
    words = ('votes.py', '--work-dir', '.', '--out', 'voted')
    vote = partial(output_of, 'vote_masks', *words)
    vote()
    summary = json.loads((folder / SUMMARY).read_text())
    assert summary['metrics']['votes/mIoU'] > 95
    before = contents(folder / 'voted', '.png')
    assert len(before) == 8
    first = min(before)

    (folder / 'voted' / sorted(before)[1]).unlink()
    assert '7 done, 1 to do' in vote()
    assert contents(folder / 'voted', '.png') == before

    # The masks of one image change form, and so its labels are made again.
    ids = cv2.imread(str(folder / 'masks' / first), cv2.IMREAD_UNCHANGED)
    own = (folder / 'masks' / first).with_suffix('')
    own.mkdir()
    for value in np.unique(ids[ids > 0]):
        cv2.imwrite(str(own / f'{value}.png'), np.uint8(ids == value) * 255)
    (folder / 'masks' / first).unlink()
    labels, _ = load_label_map(folder / 'voted' / first)
    assert '7 done, 1 to do' in vote()
    again, _ = load_label_map(folder / 'voted' / first)
    np.testing.assert_array_equal(again, labels)

    share = ('--cfg-options', 'label_transform.min_share=0.4')
    assert '0 done, 8 to do' in vote(*share)

    before = contents(folder / 'voted', '.png')
    place = 'test_dataloader.dataset.pipeline.0.label_dir=voted'
    vote('--cfg-options', place, code=2)  # they would be gone
    assert contents(folder / 'voted', '.png') == before
