"""vote_masks, as a user calls it."""

import json

import cv2
import numpy as np
import pytest

from projects.amr.datasets import VOCFolder
from projects.amr.structures import load_label_map, save_label_map


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
    return tmp_path


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.glob('*.png'))}


def test_votes_are_made_kept_and_scored(run_here, folder, toy_root):
    given = ['labels', 'masks', '--data-root', toy_root, '--out-dir', 'voted']
    code, text, errors = run_here('vote_masks', *given, cwd=folder)
    assert code == 0, errors
    summary = json.loads(
        (folder / 'voted/voted_labels_summary.json').read_text()
    )
    assert summary['scores']['mIoU'] > 95
    before = contents(folder / 'voted')
    assert len(before) == 8
    first = sorted(before)[0]

    (folder / 'voted' / sorted(before)[1]).unlink()
    code, text, _ = run_here('vote_masks', *given, cwd=folder)
    assert (code, '7 done, 1 to do' in text) == (0, True)
    assert contents(folder / 'voted') == before

    # The masks of one image change form, and so its labels are made again.
    ids = cv2.imread(str(folder / 'masks' / first), cv2.IMREAD_UNCHANGED)
    own = (folder / 'masks' / first).with_suffix('')
    own.mkdir()
    for value in np.unique(ids[ids > 0]):
        cv2.imwrite(str(own / f'{value}.png'), np.uint8(ids == value) * 255)
    (folder / 'masks' / first).unlink()
    code, text, _ = run_here('vote_masks', *given, cwd=folder)
    assert (code, '7 done, 1 to do' in text) == (0, True)
    labels = [load_label_map(folder / f'voted/{n}')[0] for n in sorted(before)]
    again = contents(folder / 'voted')
    assert {name for name in again if again[name] != before[name]} == {first}
    assert labels[0].shape == ids.shape

    code, text, _ = run_here(
        'vote_masks', *given, '--min-share', 0.4, cwd=folder
    )
    assert (code, '0 done, 8 to do' in text) == (0, True)


def test_missing_masks_end_with_code_and_name(run_here, folder, toy_root):
    lost = sorted((folder / 'masks').iterdir())[2]
    lost.unlink()
    given = ['labels', 'masks', '--data-root', toy_root, '--out-dir', 'voted']
    code, _, errors = run_here('vote_masks', *given, cwd=folder)
    assert code == 3
    assert lost.name in errors
    assert len(contents(folder / 'voted')) == 7
    code, _, _ = run_here('vote_masks', *given, '--min-share', 2, cwd=folder)
    assert code == 2
