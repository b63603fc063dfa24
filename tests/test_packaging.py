import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_projects_is_a_namespace_package():
    assert not (ROOT / 'projects' / '__init__.py').exists()
    import projects

    assert projects.__spec__.origin is None


def test_setup_forces_neither_stack():
    text = subprocess.run(
        [sys.executable, 'setup.py', '--quiet', '--name', '--requires'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert 'amr-mmseg' in text
    source = (ROOT / 'setup.py').read_text()
    required = source[source.index('install_requires') :]
    required = required[: required.index('extras_require')]
    assert 'mmcv' not in required
    assert 'mmsegmentation' not in required


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


def imports_of_the_library():
    """Yield file, own module and imported one, as lists of names."""
    package = ROOT / 'projects' / 'amr'
    for path in package.rglob('*.py'):
        own = path.relative_to(package).with_suffix('').parts
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            module = getattr(node, 'module', None) or ''
            if module.startswith('projects.amr.'):
                yield path, own, module.split('.')[2:]


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


def test_engine_holds_hooks_and_optimiser_wrappers():
    engine = ROOT / 'projects' / 'amr' / 'engine'
    found = {
        path.relative_to(engine).parts[0] for path in engine.rglob('*.py')
    }
    assert found == {'__init__.py', 'hooks', 'mixed_precision.py'}


def test_templates_of_the_report_are_installed(tmp_path):
    command = [sys.executable, 'setup.py', '--quiet', 'build_py']
    subprocess.run(
        [*command, '--build-lib', str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    folder = 'projects/amr/visualization/report/templates'
    source = {path.name for path in (ROOT / folder).iterdir()}
    assert {path.name for path in (tmp_path / folder).iterdir()} == source
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
