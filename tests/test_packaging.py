import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_projects_is_a_namespace_package():
    assert not (ROOT / 'projects' / '__init__.py').exists()
    import projects

    assert projects.__spec__.origin is None


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """A folder with what setup.py installs, and what it requires."""
    folder = tmp_path_factory.mktemp('built')
    command = [sys.executable, 'setup.py', '--quiet']
    command += ['egg_info', '--egg-base', folder]
    command += ['build_py', '--build-lib', folder]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return folder


def test_setup_forces_neither_stack(built):
    text = (built / 'amr_mmseg.egg-info/requires.txt').read_text()
    required, *extras = text.split('\n[')
    assert 'numpy' in required
    assert 'mmcv' not in required
    assert 'mmsegmentation' not in required
    assert any('mmcv' in extra for extra in extras)


# Each imports from those to its left only.
WINGS = (
    ('cpu', 'errors'),
    ('openmp',),
    ('runtime',),
    ('structures',),
    ('ops',),
    ('datasets', 'visualization'),
    ('models', 'evaluation'),
    ('engine',),
    ('workflow',),
)
FOLDERS = {
    'runtime': (
        ('files',),
        ('checkpoints', 'config', 'processes'),
    ),
    'workflow': (
        ('launch',),
        ('ablation', 'deploy'),
        ('labels', 'pipeline'),
        ('preflight',),
        (
            'data_preparation',
            'export',
            'inspection',
            'released',
            'report',
        ),
    ),
}


@cache
def imports_of_the_library():
    """File, own module and imported one, as lists of names."""
    package, found = ROOT / 'projects' / 'amr', []
    for path in package.rglob('*.py'):
        own = path.relative_to(package).with_suffix('').parts
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            module = getattr(node, 'module', None) or ''
            if module.startswith('projects.amr.'):
                found.append((path, own, module.split('.')[2:]))
    return found


def assert_one_way(order, arrows):
    """Hold each (file, importer, imported) against an order of groups."""
    rank = {name: n for n, group in enumerate(order) for name in group}
    checked = 0
    for path, own, other in arrows:
        assert own == other or rank[other] < rank[own], f'{path}: {other}'
        checked += 1
    return checked


def test_arrows_between_wings_run_one_way():
    arrows = [
        (path, own[0], other[0])
        for path, own, other in imports_of_the_library()
    ]
    assert assert_one_way(WINGS, arrows) > 300


@pytest.mark.parametrize('wing', FOLDERS)
def test_arrows_between_folders_of_a_wing_run_one_way(wing):
    arrows = [
        (path, own[1], other[1])
        for path, own, other in imports_of_the_library()
        if own[0] == other[0] == wing
    ]
    assert assert_one_way(FOLDERS[wing], arrows) > 10


def test_templates_of_the_report_are_installed(built):
    folder = 'projects/amr/visualization/report/templates'
    source = {path.name for path in (ROOT / folder).iterdir()}
    assert {path.name for path in (built / folder).iterdir()} == source
    assert source == {'report.html.j2', 'report.js', 'style.css'}


def test_import_prints_nothing():
    done = subprocess.run(
        [sys.executable, '-c', 'import projects.amr'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ('', '')
