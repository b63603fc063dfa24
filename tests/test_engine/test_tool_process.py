"""Tools in processes of their own."""

import sys

import pytest

from projects.amr.engine import tool_process
from projects.amr.engine.progress import Reporter


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
