import pytest
from fault_table import PAGE, ROWS, page, rows_of, tests_by_row

tests_by_row.__test__ = False


def test_every_fault_has_a_test():
    assert sorted(ROWS) == list(range(1, 34))
    assert [n for n, tests in tests_by_row().items() if not tests] == []


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding='utf-8') == page(), (
        'run python tests/fault_table.py'
    )


@pytest.mark.parametrize(
    ('name', 'rows'),
    [
        ('test_fault07_full', {7}),
        ('test_fault_12_bad', {12}),
        ('test_fault01_fault02_kill', {1, 2}),
        ('test_fault12_to_16_tool', {12, 13, 14, 15, 16}),
        ('test_faults_are_told', set()),
    ],
)
def test_rows_are_read_from_names(name, rows):
    assert rows_of(name) == rows
