import subprocess
import sys
from pathlib import Path

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


def test_arrows_run_one_way():
    """engine -> models, datasets, evaluation -> ops -> structures."""
    rank = {
        'cpu': 0,
        'errors': 0,
        'openmp': 1,
        'structures': 1,
        'ops': 2,
        'visualization': 2,
        'models': 3,
        'datasets': 3,
        'evaluation': 3,
        'engine': 4,
    }
    package = ROOT / 'projects' / 'amr'
    checked = 0
    for path in package.rglob('*.py'):
        own = path.relative_to(package).parts[0].removesuffix('.py')
        if own == '__init__':
            continue
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] != ['from'] or not words[1].startswith('projects'):
                continue
            other = words[1].split('.')[2]
            same = own == other
            assert same or rank[other] < rank[own], f'{path}: {line}'
            checked += 1
    assert checked > 50


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
    assert source == {'report.html.j2', 'style.css'}


def test_import_prints_nothing():
    done = subprocess.run(
        [sys.executable, '-c', 'import projects.amr'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ('', '')
