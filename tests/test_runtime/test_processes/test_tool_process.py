"""Tools in processes of their own."""

import sys

import pytest

from projects.amr.runtime.files.progress import Reporter
from projects.amr.runtime.processes import tool_process


@pytest.mark.parametrize('env', [None, {'PATH': '/usr/bin:/bin'}])
def test_scripts_run_the_python_that_runs_us(tmp_path, monkeypatch, env):
    """Not whatever ``python`` happens to be on the path, if any is."""
    monkeypatch.delenv('PYTHON', raising=False)
    monkeypatch.setattr(tool_process, 'ROOT', tmp_path)
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools' / 'tell.sh').write_text('echo "$PYTHON $1"\n')
    log = tmp_path / 'log.txt'
    tool_process.call_tool('tell.sh', ['x'], log, Reporter(), env)
    assert log.read_text() == f'{sys.executable} x\n'
    env = {'PATH': '/usr/bin:/bin', 'PYTHON': 'chosen'}
    tool_process.call_tool('tell.sh', ['x'], log, Reporter(), env)
    assert log.read_text() == 'chosen x\n'


class Told(Reporter):
    """Keeps the steps."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def step(self, text):
        self.steps.append(text)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a script as a tool; returns what is told of it."""
    monkeypatch.setattr(tool_process, 'ROOT', tmp_path)
    (tmp_path / 'tools').mkdir()

    def _run(script):
        (tmp_path / 'tools' / 'tell.sh').write_text(script)
        told = Told()
        log = tmp_path / 'log.txt'
        tool_process.call_tool('tell.sh', [], log, told)
        return told.steps

    return _run


def test_the_whole_error_is_shown_however_long(run):
    """Its first line says what is wrong; the last ones are a list of files."""
    lines = [f'  photo {number}' for number in range(12)]
    text = '\\n'.join(['ERROR: 12 rows name no image:', *lines, 'Mend them'])
    with pytest.raises(tool_process.ToolError) as caught:
        run(f"echo 'read 3'; printf '\\n{text}\\n' >&2; exit 3\n")
    told = str(caught.value).splitlines()
    assert told[1] == 'ERROR: 12 rows name no image:'
    assert told[2:] == [*lines, 'Mend them']
    assert caught.value.exit_code == 3
    with pytest.raises(tool_process.ToolError) as caught:
        run('for i in $(seq 20); do echo "line $i"; done; exit 1\n')
    told = str(caught.value).splitlines()
    assert told[1:] == [f'line {number}' for number in range(13, 21)]


def test_notes_of_a_tool_are_told_by_who_runs_it(run):
    steps = run(
        "echo 'NOTE: 2 photos have no row:'; echo '  a.jpg'; echo '  b.jpg'\n"
        "echo 'read: 3 of 3'; echo '  indented'; echo 'NOTE: done'\n"
    )
    assert steps == [
        '  NOTE: 2 photos have no row:\n    a.jpg\n    b.jpg',
        '  NOTE: done',
    ]
