"""Each row of FAULTS.md names files that hold tests of its number."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_ROW = re.compile(r'^\| (\d+) \|.*\| ([^|]+) \|$', re.MULTILINE)
_NAME = re.compile(r'^def (test_\w*?fault\w*)\(', re.MULTILINE)
_NUMBERS = re.compile(r'fault_?(\d\d)((?:_(?:to_)?\d\d(?!\d))*)')


def rows_of(name: str) -> set[int]:
    """Rows that a test's name claims: ``fault12_to_16`` is five of them."""
    found = set()
    for first, rest in _NUMBERS.findall(name):
        found.add(int(first))
        for word, number in re.findall(r'_(to_)?(\d\d)', rest):
            start = max(found) + 1 if word else int(number)
            found.update(range(start, int(number) + 1))
    return found


def files_by_row() -> dict[int, set[str]]:
    """Files that have tests of each row."""
    found: dict[int, set[str]] = {}
    for path in (ROOT / 'tests').rglob('test_*.py'):
        for name in _NAME.findall(path.read_text(encoding='utf-8')):
            for number in rows_of(name):
                found.setdefault(number, set()).add(path.stem)
    return found


def test_each_row_names_the_files_that_test_it():
    page = (ROOT / 'FAULTS.md').read_text(encoding='utf-8')
    named = {
        int(number): set(re.findall(r'`(test_\w+)`', files))
        for number, files in _ROW.findall(page)
    }
    assert sorted(named) == list(range(1, 40))
    assert named == files_by_row()
