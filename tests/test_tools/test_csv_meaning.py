"""Row 35 of the table of faults: what a label file means, kept."""

import pytest
from mmseg.registry import DATASETS
from own_photos import IMPORT, photo_set
from runner_configs import tiny_config

from projects.amr.workflow.launch.own_classes import fit_class_file


def imported(tool, *flags):
    return tool(IMPORT, 'photos', 'l.csv', 'out', *flags)


@pytest.fixture
def told(monkeypatch):
    """What datasets write to the log."""
    lines = []
    monkeypatch.setattr(
        'projects.amr.datasets.voc.voc_weak_label.print_log',
        lambda text, *_: lines.append(text),
    )
    return lines


def training_set(folder):
    """The training images of a config that is fitted to the import."""
    root = folder / 'out'
    cfg = tiny_config(root, folder / 'work')
    cfg.class_file = str(root / 'classes.txt')
    fit_class_file(cfg)
    return DATASETS.build(cfg.train_dataloader.dataset)


@pytest.mark.parametrize(
    ('rule', 'labelled', 'negative'), [('keep', 2, 3), ('drop', 2, 0)]
)
def test_fault35_kept_negatives_are_trained_on(
    tool, tmp_path, told, rule, labelled, negative
):
    photo_set(tmp_path, ['defect', '', 'defect', '', 'defect', ''])
    code, text, _ = imported(tool, '--no-label', rule)
    assert code == 0
    assert ('cannot learn' in text) == (rule == 'drop')
    dataset = training_set(tmp_path)
    items = map(dataset.get_data_info, range(len(dataset)))
    labels = [item['img_label'].any() for item in items]
    assert any('cannot learn' in line for line in told) == (rule == 'drop')
    assert sorted(labels) == [False] * negative + [True] * labelled


def test_fault35_a_class_on_all_photos_is_told(tool, tmp_path, told):
    photo_set(tmp_path, ['defect'] * 6)
    code, text, _ = imported(tool)
    assert code == 0
    words = "'defect' is in all 5 training images"
    assert words in text
    code, text, _ = tool(
        'check_dataset', '--data-root', 'out', '--train', 'train_aug'
    )
    assert code == 0
    assert words in text
    training_set(tmp_path)
    assert words in told[-1]


@pytest.mark.parametrize(
    ('cells', 'header', 'words'),
    [
        (['1', '0'] * 3, 'labels', 'image,dog,sofa'),
        (['yes', 'no'] * 3, 'Labels', 'image,dog,sofa'),
        (['1', '0'] * 3, 'label', 'image,dog,sofa'),
        (['dog', 'none'] * 3, 'labels', "l.csv:3: 'none'"),
        (['dog', 'nan'] * 3, 'labels', "l.csv:3: 'nan'"),
        (['dog', '-'] * 3, 'labels', "l.csv:3: '-'"),
        (['1', ''] * 3, 'dog', 'must hold 0 or 1'),
    ],
)
def test_fault35_what_is_no_class_is_refused(
    tool, tmp_path, cells, header, words
):
    photo_set(tmp_path, cells, header)
    code, _, errors = imported(tool)
    assert code == 3
    assert words in errors
    assert not (tmp_path / 'out').exists()


def test_fault35_a_class_list_has_the_last_word(tool, tmp_path):
    photo_set(tmp_path, ['dog', 'none'] * 3)
    (tmp_path / 'c.txt').write_text('background\ndog\nnone\n')
    code, text, _ = imported(tool, '--classes', 'c.txt')
    assert code == 0
    assert 'none: ' in text
