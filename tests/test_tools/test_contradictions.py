"""Row 34 of the table of faults, through the tools."""

import json

import pytest
from own_photos import IMPORT, photo_set


def imported(tool, *flags):
    return tool(
        IMPORT, 'photos', 'l.csv', 'out', '--mask-dir', 'masks', *flags
    )


def checked(tool, *flags):
    lists = ['--train', 'train_aug', '--val', 'val', '--out', 'report.json']
    return tool('check_dataset', '--data-root', 'out', *lists, *flags)


@pytest.mark.parametrize(
    ('masks', 'labels', 'words'),
    [
        ([(0, 255)] * 3, ['dog'] * 3, 'mask[mask == 255] = 1'),
        ([(0,)] * 3, ['dog'] * 3, 'masks/0.png: dog'),
        ([(1,)] * 3, ['dog', 'dog;cat', 'dog'], 'labels lack a class'),
        ([(1, 2)] * 2, ['dog', 'cat'], 'labels lack a class'),
    ],
)
def test_fault34_contradictions_are_refused_and_accepted(
    tool, tmp_path, masks, labels, words
):
    photo_set(tmp_path, labels, masks=masks)
    code, _, errors = imported(tool)
    assert code == 3
    assert words in errors
    assert not (tmp_path / 'out').exists()
    accept = ['--max-contradictions', '1']
    code, text, _ = imported(tool, *accept)
    assert code == 0
    assert words in text
    code, _, errors = checked(tool)
    assert code == 3
    assert words.replace('masks/', 'SegmentationClass/') in errors
    assert checked(tool, *accept)[0] == 0
    report = json.loads((tmp_path / 'report.json').read_text())
    assert report['max_contradictions'] == 1
    counts = [part['agreement'] for part in report['lists'].values()]
    assert sum(one['contradicting'] for one in counts) > 0
    assert sum(one['compared'] for one in counts) == len(masks)


def test_fault34_a_few_contradictions_are_named(tool, tmp_path):
    masks = [(0, 1)] * 10 + [(0, 255)]
    photo_set(tmp_path, ['dog'] * 11, masks=masks)
    code, text, errors = imported(tool)
    assert code == 0, errors
    assert 'masks/10.png: dog' in text
    code, text, _ = checked(tool)
    assert code == 0
    assert '10.png: dog' in text
    assert imported(tool, '--max-contradictions', '0')[0] == 3
    assert imported(tool, '--max-contradictions', '2')[0] == 2
