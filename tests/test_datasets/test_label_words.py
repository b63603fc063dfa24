import pytest

from projects.amr.datasets.labels.class_list import (
    find_classes,
    one_sided_classes,
)
from projects.amr.datasets.labels.label_file import read_label_table
from projects.amr.datasets.labels.label_words import doubtful_names
from projects.amr.errors import DataError


def read(tmp_path, text, suffix='.csv'):
    path = tmp_path / f'l{suffix}'
    path.write_text(text, encoding='utf-8')
    return read_label_table(path)


def names_csv(*cells):
    rows = [f'{number}.jpg,{cell}' for number, cell in enumerate(cells)]
    return '\n'.join(['image,labels', *rows])


@pytest.mark.parametrize(
    'cells',
    [
        ('1', '0'),
        ('1', '', '1'),
        ('yes', 'no'),
        ('TRUE', 'FALSE'),
        ('1.0', '0.0'),
        ('True', '1'),
        ('y', 'n'),
        ('nein', 'ja'),
        ('positive', 'negative'),
        ('1', '-'),
    ],
)
def test_yes_and_no_are_no_classes(tmp_path, cells):
    table = read(tmp_path, names_csv(*cells))
    with pytest.raises(DataError) as error:
        find_classes(table)
    assert 'l.csv:2' in str(error.value)
    for form in ('`image,labels`', '`image,dog,sofa`'):
        assert form in str(error.value)
    # A class list says that they are.
    given = ('background', *sorted({n for r in table.rows for n in r.names}))
    if 'True' not in cells:
        assert find_classes(table, given) == given


@pytest.mark.parametrize(
    'word',
    [
        *('none', 'None', 'nan', 'NaN', '-', '--', 'n/a', 'N/A', 'null', '?'),
        *('na', 'empty', 'nothing', 'no label', 'unlabeled', '–', '<NA>'),
    ],
)
def test_words_for_no_label_are_asked_about(tmp_path, word):
    table = read(tmp_path, names_csv('dog', word, f'dog;{word}'))
    with pytest.raises(DataError) as error:
        find_classes(table)
    assert f'l.csv:3: {word!r}' in str(error.value)
    assert f'l.csv:4: {word!r}' in str(error.value)
    given = ('background', 'dog', word)
    assert find_classes(table, given) == given
    table = read(tmp_path, f'image,dog,{word}\na.jpg,1,0\n')
    with pytest.raises(DataError, match='header'):
        find_classes(table)


@pytest.mark.parametrize('header', ['label', 'Class', 'target', 'tags'])
def test_a_lone_column_needs_the_name_of_a_class(tmp_path, header):
    table = read(tmp_path, f'image,{header}\na.jpg,1\nb.jpg,0\n')
    with pytest.raises(DataError, match='no class'):
        find_classes(table)
    given = ('background', header)
    assert find_classes(table, given) == given
    table = read(tmp_path, 'image,defect\na.jpg,1\nb.jpg,0\n')
    assert find_classes(table) == ('background', 'defect')


@pytest.mark.parametrize(
    ('yes', 'no'),
    [('1', '0'), ('1.0', '0.0'), ('TRUE', 'FALSE'), ('Yes', 'no')],
)
def test_columns_take_yes_and_no_in_words(tmp_path, yes, no):
    table = read(tmp_path, f'image,dog,cat\na.jpg,{yes},{no}\n')
    assert table.rows[0].names == ('dog',)


@pytest.mark.parametrize('cell', ['', '2', '0.9', 'nan', '-', 'dog', 'x'])
def test_columns_take_nothing_else(tmp_path, cell):
    with pytest.raises(DataError, match=r"l\.csv:2: column 'cat'"):
        read(tmp_path, f'image,dog,cat\na.jpg,1,{cell}\n')


def test_rare_names_much_like_others_are_doubted():
    counts = {'sofa': 40, 'soffa': 4, 'dog': 9, 'dog sofa': 7, 'cat': 1}
    assert doubtful_names(counts) == [
        "'dog sofa' (7) looks like several names without a `;`",
        "'soffa' (4) is much like 'sofa' (40)",
    ]
    counts['soffa'] = 5  # more than a tenth: a class of its own
    assert len(doubtful_names(counts)) == 1
    assert doubtful_names({'row boat': 3, 'boat': 50, 'goat': 1}) == []


@pytest.mark.parametrize(
    'names',
    [
        ('defect 1', 'defect 2'),
        ('grade_2a', 'grade_2b'),
        ('type A', 'type B'),
        ('7-spot ladybird', '10-spot ladybird'),
    ],
)
def test_numbered_classes_are_no_slips(names):
    assert doubtful_names(dict(zip(names, (1, 40), strict=True))) == []


@pytest.mark.parametrize('name', ['dog/sofa', 'dog & sofa', 'dog and sofa'])
def test_joined_names_are_doubted(name):
    assert len(doubtful_names({name: 3, 'dog': 9, 'sofa': 9})) == 1


def test_classes_that_cannot_be_learned():
    assert one_sided_classes({'dog': 2, 'cat': 1}, 3) == []
    assert len(one_sided_classes({'dog': 3, 'cat': 0, 'ant': 1}, 3)) == 2
    assert one_sided_classes({'dog': 0}, 0) == []
