"""Real processes on a tiny config file."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from runner_configs import tiny_config

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='session')
def call():
    """Run a tool as a user would, to its exit code; the finished process."""

    def _call(tool, *arguments, cwd, code=0, **env):
        command = [sys.executable, str(ROOT / 'tools' / tool)]
        if tool.endswith('.sh'):
            command[0] = 'bash'
        done = subprocess.run(
            [*command, *map(str, arguments)],
            cwd=cwd,
            env={
                **os.environ,
                'OMP_NUM_THREADS': '1',
                'PYTHON': sys.executable,
                **env,
            },
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        found = done.returncode
        assert found == code, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    return _call


@pytest.fixture
def output_of(capsys, monkeypatch, tmp_path):
    """Run a tool in this process; what it printed, if it ends with a code."""

    def _output_of(name, *arguments, code=0, cwd=tmp_path):
        tool = runpy.run_path(str(ROOT / 'tools' / f'{name}.py'))
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        found = 0
        try:
            tool['run_tool'](tool['main'])
        except SystemExit as stop:
            found = stop.code
        text = ''.join(capsys.readouterr())
        assert found == code, text
        return text

    return _output_of


@pytest.fixture(scope='session')
def tiny_file(toy_root, tmp_path_factory):
    """The tiny AMR config as a file, without a work dir of its own."""
    folder = tmp_path_factory.mktemp('configs')
    cfg = tiny_config(toy_root, folder)
    cfg.pop('work_dir')
    cfg.pop('launcher')
    path = folder / 'amr_tiny.py'
    cfg.dump(path)
    return path


@pytest.fixture(scope='session')
def trained(call, tiny_file, tmp_path_factory):
    """A folder in which the tiny model was trained for one epoch."""
    folder = tmp_path_factory.mktemp('trained')
    call('train.py', tiny_file, '--no-pretrained', cwd=folder)
    return folder
