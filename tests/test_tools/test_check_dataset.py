import json

from damaged_voc import sound_root, split


def test_fault12_to_16_the_tool_tells_all_and_cleans_the_lists(call, tmp_path):
    root = sound_root(tmp_path / 'VOC2012')
    (root / 'JPEGImages/b.jpg').write_bytes(b'')
    split(root, 'train', 'a\nb\n../c\nnone\n')
    flags = ('--data-root', root, '--train', 'train', '--val', 'val')
    done = call(
        'check_dataset.py', *flags, '--out', 'made/report.json', cwd=tmp_path
    )
    assert done.returncode == 3, done.stderr
    assert '4 fault(s)' in done.stderr
    for text in ('train.txt:2: ', 'b.jpg', 'train.txt:3: ', 'train.txt:4: '):
        assert text in done.stderr
    report = json.loads((tmp_path / 'made/report.json').read_text())
    assert report['bad_images'] == 2
    assert report['lists']['train']['images'] == 3
    assert len(report['lists']['train']['faults']) == 4
    done = call(
        'check_dataset.py', *flags, '--skip-bad', 'clean', cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'clean/train.txt').read_text() == 'a\n'
    assert (tmp_path / 'clean/val.txt').read_text() == 'd\n'


def test_a_folder_of_masks_that_is_not_there_is_named(tmp_path, run_here):
    root = sound_root(tmp_path / 'VOC2012')
    words = ('--data-root', root, '--train', 'train', '--mask-dir', 'Typo')
    code, _, error = run_here('check_dataset', *words, cwd=tmp_path)
    assert code == 3
    assert str(root / 'Typo') in error
