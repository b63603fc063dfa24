"""OpenMP is set before torch is loaded; cores are the usable ones."""

import json
import os
import subprocess
import sys
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from projects.amr import cpu, openmp

ROOT = Path(__file__).resolve().parents[1]
# Not check_install.py: it computes nothing, and imports as late as can be.
TOOLS = [
    str(path.relative_to(ROOT))
    for path in sorted((ROOT / 'tools').rglob('*.py'))
    if "__name__ == '__main__'" in path.read_text()
    and path.name != 'check_install.py'
]
# Runs each tool up to its first import of a package that computes, and
# prints what OpenMP would find there.
LOOK = """
import importlib.abc, json, os, runpy, sys
HEAVY = ('cv2', 'mmengine', 'mmcv', 'mmseg', 'numpy', 'scipy', 'torch')
class Loading(Exception):
    pass
class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in HEAVY:
            raise Loading(name)
sys.meta_path.insert(0, Watch())
plain, paths = dict(os.environ), list(sys.path)
for tool in json.loads(sys.argv[1]):
    os.environ.clear()
    os.environ.update(plain)
    for name in [n for n in sys.modules if n.startswith('projects')]:
        del sys.modules[name]
    sys.path[:] = [os.path.dirname(tool), *paths]
    try:
        runpy.run_path(tool)
        found = 'nothing heavy was imported'
    except Loading:
        found = os.environ.get('GOMP_SPINCOUNT')
    print(json.dumps([tool, found, os.environ.get('OMP_WAIT_POLICY')]))
"""


def bare_environment(**more):
    """This process's environment without OpenMP's settings."""
    known = (*openmp.OPENMP, 'OMP_NUM_THREADS')
    kept = {k: v for k, v in os.environ.items() if k not in known}
    return {**kept, **more}


def python(*arguments, **env):
    """What a Python of its own prints, in an environment without OpenMP's."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=bare_environment(**env),
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        ({}, [openmp.OPENMP['GOMP_SPINCOUNT'], 'PASSIVE']),
        ({'OMP_WAIT_POLICY': 'ACTIVE'}, [None, 'ACTIVE']),
        ({'GOMP_SPINCOUNT': '77'}, ['77', 'PASSIVE']),
    ],
)
def test_every_tool_sets_openmp_before_it_loads_torch(given, expected):
    lines = python('-c', LOOK, json.dumps(TOOLS), **given).stdout.splitlines()
    found = {tool: rest for tool, *rest in map(json.loads, lines)}
    assert found == dict.fromkeys(TOOLS, expected)
    assert 'tools/train.py' in TOOLS


@pytest.mark.parametrize(
    ('files', 'cores'),
    [
        ({'cpu.max': '150000 100000\n'}, 2),
        ({'cpu.max': '20000 100000\n'}, 1),
        ({'cpu.max': 'max 100000\n'}, 8),
        ({'cpu.max': '1600000 100000\n'}, 8),
        (
            {
                'cpu/cpu.cfs_quota_us': '300000\n',
                'cpu/cpu.cfs_period_us': '100000\n',
            },
            3,
        ),
        (
            {
                'cpu/cpu.cfs_quota_us': '-1\n',
                'cpu/cpu.cfs_period_us': '100000\n',
            },
            8,
        ),
        ({}, 8),
    ],
)
def test_cores_are_those_that_a_container_allows(
    files, cores, tmp_path, monkeypatch
):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(cpu, 'CGROUP', tmp_path)
    for module in (cpu, openmp):
        monkeypatch.setattr(module, 'cores_by_affinity', lambda: 8)
    assert cpu.usable_cores() == cores
    for name in (*openmp.OPENMP, 'OMP_NUM_THREADS'):
        monkeypatch.setenv(name, '')  # so that it comes back
        monkeypatch.delenv(name)
    openmp.set_openmp()
    assert os.environ.get('OMP_NUM_THREADS') == (
        str(cores) if cores < 8 else None
    )


@pytest.mark.parametrize(
    ('text', 'known'),
    [
        ('flags\t\t: fpu avx512f avx512_bf16 amx_bf16 amx_tile\n', True),
        ('flags\t\t: fpu avx2 avx512f avx512bw\n', False),
        ('Features\t: fp asimd bf16 i8mm\n', True),
        ('Features\t: fp asimd\n', False),
        (None, False),
    ],
)
def test_bfloat16_is_known_by_the_processor_s_flags(
    text, known, tmp_path, monkeypatch
):
    path = tmp_path / 'cpuinfo'
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(cpu, 'CPUINFO', path)
    assert cpu.computes_bfloat16() == known


@pytest.mark.skipif(
    not hasattr(os, 'sched_setaffinity'), reason='no affinity here'
)
def test_cores_are_those_of_the_affinity():
    code = (
        'import os, runpy; os.sched_setaffinity(0, [min(os.sched_getaffinity('
        '0))]); print(runpy.run_path("projects/amr/cpu.py")["usable_cores"]())'
    )
    assert python('-c', code).stdout == '1\n'


@pytest.mark.parametrize(
    ('cores', 'text', 'count'),
    [(1, 'auto', 0), (5, 'auto', 5), (5, '7', 7), (5, '0', 0)],
)
def test_worker_count_of_a_command_line(cores, text, count, monkeypatch):
    monkeypatch.setattr(cpu, 'usable_cores', lambda: cores)
    assert cpu.worker_count(text) == count
    with pytest.raises(ArgumentTypeError):
        cpu.worker_count('-4')
