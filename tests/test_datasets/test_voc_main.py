import pytest

from projects.amr.datasets.images.image_ids import read_id_list, scan_id_list
from projects.amr.datasets.labels.voc_main import flagged_ids, read_main_labels
from projects.amr.errors import DataError


@pytest.mark.parametrize(
    ('lines', 'flags'),
    [
        (['a -1', 'b  1', 'c  0'], [-1, 1, 0]),
        (['a 1', 'b -1'], [1, -1]),
        (['a  1', 'b  1'], [1, 1]),
        (['a\t1', 'b\t0'], [1, 0]),
        # Names that end in a number, and other lists.
        (['a 1', 'b 1'], None),
        (['scan 0', 'scan 1'], None),
        (['scan  1', 'scan -1'], None),
        (['a -1', 'b'], None),
        (['a -1', 'b 2'], None),
        (['day 1 -1'], None),
        (['a', 'b'], None),
        ([], None),
    ],
)
def test_lists_of_main_are_told_from_names(lines, flags):
    found = flagged_ids(lines)
    assert (found if flags is None else [f for _, f in found]) == flags


def test_a_list_of_main_is_a_split_of_its_class(tmp_path):
    path = tmp_path / 'dog_train.txt'
    path.write_text('2008_1 -1\r\n\r\n2008_2  1\r\n2008_3  0\r\n')
    assert read_id_list(path) == ['2008_2', '2008_3']
    scanned = scan_id_list(path)
    assert [line for line, _ in scanned.entries] == [3, 4]
    flags = {k: n for k, n in scanned.notes.items() if 'Main' in k}
    assert list(flags.values()) == [1, 1, 1]
    path.write_text('a -1\nb -1\n')
    with pytest.raises(DataError, match='no image'):
        read_id_list(path)


def test_lists_of_all_classes_are_weak_labels(tmp_path):
    (tmp_path / 'dog_val.txt').write_text('a  1\nb -1\nc  0\n')
    (tmp_path / 'cat_val.txt').write_text('a  1\nb -1\nc  1\n')
    found = read_main_labels(tmp_path, 'val', ('dog', 'cat'))
    assert found == {'a': ('dog', 'cat'), 'b': (), 'c': ('dog', 'cat')}
    found = read_main_labels(tmp_path, 'val', ('dog', 'cat'), False)
    assert found['c'] == ('cat',)
    with pytest.raises(DataError, match=r'sofa_val\.txt'):
        read_main_labels(tmp_path, 'val', ('dog', 'sofa'))
    for text in ('a  1\nb -1\n', 'a  1\nb -1\nd  1\n', 'a 1\nb\nc 1\n'):
        (tmp_path / 'cat_val.txt').write_text(text)
        with pytest.raises(DataError, match=r'cat_val\.txt'):
            read_main_labels(tmp_path, 'val', ('dog', 'cat'))
