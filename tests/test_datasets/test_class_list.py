import pytest

from projects.amr.datasets.labels.class_list import (
    check_class_names,
    find_classes,
    folder_classes,
    read_class_file,
)
from projects.amr.datasets.labels.label_file import LabelRow, LabelTable
from projects.amr.errors import DataError


def table(*names, columns=None):
    rows = tuple(
        LabelRow(f'l.csv:{number}', f'{number}.jpg', labels)
        for number, labels in enumerate(names, 2)
    )
    return LabelTable(rows, columns)


def test_names_are_sorted_and_columns_keep_their_order():
    found = find_classes(table(('sofa', 'dog'), (), ('cat', 'dog')))
    assert found == ('background', 'cat', 'dog', 'sofa')
    found = find_classes(table(('dog',), columns=('sofa', 'dog', 'ant')))
    assert found == ('background', 'sofa', 'dog', 'ant')


def test_a_given_list_rules():
    given = ('background', 'zebra', 'dog')
    assert find_classes(table(('dog',)), given) == given
    with pytest.raises(DataError, match=r"l\.csv:3: 'cat'"):
        find_classes(table(('dog',), ('cat',)), given)
    with pytest.raises(DataError, match=r"header: 'cat'"):
        find_classes(table(('dog',), columns=('dog', 'cat')), given)
    with pytest.raises(DataError, match="'dog' is listed twice"):
        find_classes(table((), columns=('dog', 'cat', 'dog')))


@pytest.mark.parametrize(
    ('one', 'two'),
    [('dog', 'Dog'), ('tv monitor', 'tvmonitor'), ('STRASSE', 'straße')],
)
def test_fault_18_names_that_differ_by_case_or_spaces_name_both_rows(one, two):
    with pytest.raises(DataError) as error:
        find_classes(table((one,), ('cat',), (two,)))
    for word in (repr(one), repr(two), 'l.csv:2', 'l.csv:4'):
        assert word in str(error.value)
    with pytest.raises(DataError, match='only by case'):
        find_classes(table((two,)), ('background', one))


@pytest.mark.parametrize(
    ('name', 'rule'),
    [
        ('', 'empty'),
        ('Background', 'no label'),
        ('a;b', 'holds one of'),
        ('a|b', 'holds one of'),
        ('a\u2028b', 'control'),
    ],
)
def test_names_that_cannot_be_written_are_refused(name, rule):
    with pytest.raises(DataError, match=rf'x\.csv:7.*{rule}'):
        check_class_names([('dog', 'x.csv:2'), (name, 'x.csv:7')])


def test_number_of_classes_is_bounded_by_the_ignored_label():
    names = [(f'c{number}', 'x') for number in range(255)]
    check_class_names(names[:254])
    with pytest.raises(DataError, match='255'):
        check_class_names(names)
    with pytest.raises(DataError, match='got 0'):
        find_classes(table((), ()))


def test_a_comma_separates_no_names_and_makes_no_class():
    with pytest.raises(
        DataError, match=r"dog\|sofa.*\n.*l\.csv:3: 'dog, cat'"
    ):
        find_classes(table(('dog',), ('dog, cat',)))
    given = ('background', 'dog', 'dog, cat')
    assert find_classes(table(('dog',), ('dog, cat',)), given) == given
    columns = ('tench, Tinca tinca', 'dog')
    found = find_classes(table(('dog',), columns=columns))
    assert found == ('background', *columns)


def test_class_file_is_read_tolerantly(tmp_path):
    path = tmp_path / 'classes.txt'
    text = '\ufeffbackground\r\n\r\n Ku\u0308he \r\ndog\r\n'
    path.write_bytes(text.encode())
    assert read_class_file(path) == ('background', 'K\u00fche', 'dog')
    assert folder_classes(tmp_path) == read_class_file(path)


@pytest.mark.parametrize(
    ('data', 'words'),
    [
        (b'dog\ncat\n', r'first line of .*classes\.txt'),
        (b'', 'first line'),
        (b'background\n', r'classes\.txt.*got 0$'),
        (b'background' + b'\n%d' * 255 % (*range(255),), 'got 255$'),
        (b'background\ndog\ncat\ndog\n', r'classes\.txt:4.*twice.*:2'),
        (b'background\ndog\nDOG\n', r'classes\.txt:3.*only by case'),
        (b'background\n\xff\n', 'not a readable text file'),
        (None, 'not a readable text file'),
    ],
)
def test_class_files_that_break_a_rule_are_refused(tmp_path, data, words):
    path = tmp_path / 'classes.txt'
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError, match=words):
        read_class_file(path)


def test_toy_and_voc_folders_keep_their_names(toy_root, tmp_path):
    names = ('background', 'alvo', 'bimi', 'coru', 'dexa')
    assert folder_classes(toy_root) == names
    assert read_class_file(toy_root / 'toyvoc.json') == names
    assert folder_classes(tmp_path)[20] == 'tvmonitor'
    (tmp_path / 'toyvoc.json').write_text('{}')
    with pytest.raises(DataError, match='no manifest'):
        folder_classes(tmp_path)
