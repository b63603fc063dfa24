import json

from damaged_voc import sound_root, split
from tool_process import ROOT


def test_fault12_to_16_the_tool_tells_all_and_cleans_the_lists(
    output_of, tmp_path
):
    root = sound_root(tmp_path / 'VOC2012')
    (root / 'JPEGImages/b.jpg').write_bytes(b'')
    split(root, 'train', 'a\nb\n../c\nnone\n')
    flags = ('--data-root', root, '--train', 'train', '--val', 'val')
    told = output_of(
        'check_dataset', *flags, '--out', 'made/report.json', code=3
    )
    places = ('train.txt:2: ', 'b.jpg', 'train.txt:3: ', 'train.txt:4: ')
    for text in ('4 fault(s)', *places):
        assert text in told
    report = json.loads((tmp_path / 'made/report.json').read_text())
    assert report['bad_images'] == 2
    assert report['lists']['train']['images'] == 3
    assert len(report['lists']['train']['faults']) == 4
    output_of('check_dataset', *flags, '--skip-bad', 'clean')
    assert (tmp_path / 'clean/train.txt').read_text() == 'a\n'
    assert (tmp_path / 'clean/val.txt').read_text() == 'd\n'


def test_a_config_without_data_is_not_called_sound(output_of):
    config = ROOT / 'configs' / '_base_' / 'default_runtime.py'
    assert str(config) in output_of('check_dataset', config, code=2)


def test_a_folder_of_masks_that_is_not_there_is_named(tmp_path, output_of):
    root = sound_root(tmp_path / 'VOC2012')
    words = ('--data-root', root, '--train', 'train', '--mask-dir', 'Typo')
    assert str(root / 'Typo') in output_of('check_dataset', *words, code=3)
