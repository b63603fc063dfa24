"""Real processes on a tiny config file."""

import os
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from runner_configs import tiny_config

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='session')
def call():
    """Run a tool as a user would; returns the finished process."""

    def _call(tool, *arguments, cwd, **env):
        command = [sys.executable, str(ROOT / 'tools' / tool)]
        if tool.endswith('.sh'):
            command = ['bash', str(ROOT / 'tools' / tool)]
        return subprocess.run(
            [*command, *(str(a) for a in arguments)],
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

    return _call


@pytest.fixture
def run_here(capsys, monkeypatch):
    """Run a tool in this process: exit code and what it printed."""

    def _run(name, *arguments, cwd):
        tool = runpy.run_path(str(ROOT / 'tools' / f'{name}.py'))
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        code = 0
        try:
            tool['run_tool'](tool['main'])
        except SystemExit as stop:
            code = stop.code
        done = capsys.readouterr()
        return code, done.out, done.err

    return _run


@pytest.fixture
def tool(tmp_path, run_here):
    """Run a tool in this process, in the test's folder."""
    return partial(run_here, cwd=tmp_path)


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
    done = call('train.py', tiny_file, '--no-pretrained', cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, done
