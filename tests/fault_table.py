"""``FAULTS.md``, made of the rows below and of the tests that hold them.

``python tests/fault_table.py`` writes it; a test keeps it up to date. A test
belongs to the rows whose numbers are in its name: ``test_fault07_...``.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / 'FAULTS.md'
HEAD = """\
# What happens when something goes wrong

Exit codes: 0 well, 2 usage or config, 3 bad data, 4 a package or weights are
missing, 5 a stage is incomplete, 130 and 143 stopped (the same command goes
on). Every message names the file, the rule and the remedy. Nothing that is
read as data is ever unpickled. Each row is held by the tests named in it;
`python tests/fault_table.py` writes this page from them.
"""
ROWS = {
    1: (
        'killed while a checkpoint is written',
        'the one before is intact and `--resume` goes on from it; the '
        'left-over file goes at the next start, with a line in the log',
    ),
    2: (
        'the same with one checkpoint kept',
        'the new file is published before the old one goes',
    ),
    3: (
        '`last_checkpoint` names a missing or damaged file',
        'a warning, the newest checkpoint that loads, and how many epochs or '
        'iterations that costs',
    ),
    4: (
        'killed while CAMs or labels are made',
        'no half file under a final name; the rerun makes what is missing '
        '("8,211 done, 2,371 to do") and ends with the same bytes',
    ),
    5: (
        'a half or foreign file under a final name',
        'noticed by its digest or key, made again, counted',
    ),
    6: (
        'Ctrl-C, SIGTERM, preemption',
        'the step or item in hand is finished, exit 130 or 143 with the '
        'command that goes on; a second Ctrl-C stops at once',
    ),
    7: (
        'the disk is full, or will be',
        'refused before the stage with needed and free bytes, or stopped at '
        'the file; nothing half published',
    ),
    8: (
        'an output folder that cannot be written',
        'told before a model is built',
    ),
    9: (
        'two processes in one work dir',
        'the second one is refused and told host, process and time; the lock '
        'of a killed process is no obstacle',
    ),
    10: (
        'a threshold or config changed after labels were made',
        'what depends on it runs again, and the message says what changed',
    ),
    11: (
        'a checkpoint replaced under the same name',
        'noticed by its digest; what was made from it is stale',
    ),
    12: (
        'truncated, empty or foreign image files',
        'all of them are named after a full scan, with the line of the list; '
        '`--skip-bad` goes on and counts',
    ),
    13: (
        'grey, CMYK, 16-bit, alpha, EXIF-turned images',
        'converted by a stated rule and counted; a mask of the unturned size '
        'is an error with both sizes',
    ),
    14: (
        'lists with CRLF, BOM, blanks, suffixes, doubles, missing images',
        'the first four are tolerated and noted, the others are errors with '
        'their lines',
    ),
    15: (
        'ids that lead out of the folder',
        'refused with the line; outputs are named by checked ids only',
    ),
    16: (
        'training list overlaps validation',
        'an error with the count; `--allow-overlap` is recorded',
    ),
    17: (
        'images without a label',
        'counted; left out of training or kept, by option; an all-background '
        'record where CAMs are made',
    ),
    18: (
        'unknown or misspelt class names',
        'an error with the nearest name; aliases only by an explicit map',
    ),
    19: (
        'label vectors of another length, NaN, not 0 or 1',
        'an error with file, id and the expected shape',
    ),
    20: (
        'objects marked *difficult* only',
        'they count by a stated rule, and are counted',
    ),
    21: (
        'XML bombs and external entities',
        'refused unread: no expansion, no network',
    ),
    22: (
        'masks with other values, in RGB, of another size',
        'an error before training with path, histogram and sizes',
    ),
    23: (
        'empty, NaN or infinite CAMs',
        'the class is dropped for that image and the record says so; above a '
        'share (5 %) the run stops with examples',
    ),
    24: (
        'tiny, huge or very narrow images',
        'they work, in bounded memory; no result depends on what else is in '
        'the batch',
    ),
    25: (
        'the device runs out of memory',
        'one retry in smaller pieces, then the CPU, where nothing is '
        'trained; the message names the peak and the setting',
    ),
    26: (
        'losses that are not finite',
        'stopped after some steps with the images and the last good '
        'checkpoint; such weights are never saved',
    ),
    27: (
        'hostile checkpoints and arrays',
        'refused with what they would have run; `--trust-checkpoint` for '
        'files of your own',
    ),
    28: (
        'files of the released code',
        'one converter, which unpickles numbers and nothing else',
    ),
    29: (
        'a checkpoint of another model or class list',
        'an error with the keys that are missing, unknown or of another shape',
    ),
    30: (
        'initial weights that cannot be had, or are damaged',
        'URL, hash and the place for the file; never random weights in '
        'silence',
    ),
    31: (
        'an optional package is missing',
        'told when the config is read: which extra, and what stands in',
    ),
    32: (
        'a rank or a worker dies',
        'the others stop, exit code not 0, with the rank; `MAX_RESTARTS` goes '
        'on from the last checkpoint',
    ),
    33: (
        'resumed on another number of GPUs',
        'allowed, with batch size and learning rate in the log; refused where '
        'the schedule would change unseen',
    ),
}
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


def tests_by_row() -> dict[int, list[str]]:
    """Files and names of the tests of each row."""
    found: dict[int, list[str]] = {number: [] for number in ROWS}
    for path in sorted((ROOT / 'tests').rglob('test_*.py')):
        for name in _NAME.findall(path.read_text(encoding='utf-8')):
            for number in rows_of(name):
                found[number].append(f'{path.stem}: {name}')
    return found


def page() -> str:
    """Text of ``FAULTS.md``."""
    lines = [HEAD, '| # | case | what you see | tests |', '|---|---|---|---|']
    for number, tests in tests_by_row().items():
        case, seen = ROWS[number]
        files = sorted({test.split(':')[0] for test in tests})
        names = ', '.join(f'`{file}`' for file in files)
        lines.append(
            f'| {number} | {case} | {seen} | {len(tests)} in {names} |'
        )
    return '\n'.join(lines) + '\n'


if __name__ == '__main__':
    PAGE.write_text(page(), encoding='utf-8')
