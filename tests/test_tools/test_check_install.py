"""check_install.py where packages are missing, doubled or do not fit."""

import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'check_install.py'
PACKAGES = ROOT / 'tools' / 'misc' / 'installed_packages.py'


@pytest.fixture(scope='module')
def packages() -> dict:
    """Names of installed_packages.py."""
    return runpy.run_path(str(PACKAGES))


def lines_of(text: str) -> list[tuple[str, str]]:
    """States and texts."""
    lines = [line.partition(' ')[::2] for line in text.splitlines()[:-1]]
    assert {state for state, _ in lines} <= {'ok', 'note', 'problem'}
    return [(state, text.strip()) for state, text in lines]


def test_here_nothing_is_a_problem(call, tmp_path):
    root = tmp_path / 'VOC2012' / 'ImageSets' / 'Segmentation'
    root.mkdir(parents=True)
    (root / 'train_aug.txt').write_text('a\nb\n')
    done = call(
        'check_install.py', cwd=tmp_path, VOC_ROOT=str(tmp_path / 'VOC2012')
    )
    lines = lines_of(done.stdout)
    texts = [text for state, text in lines if state == 'ok']
    for part in (
        f'torch {metadata.version("torch")} with torchvision',
        'parts registered',
        "'mmseg::...' resolves",
        'train_aug has 2 images',
        f'pooch {metadata.version("pooch")}',
    ):
        assert sum(part in text for text in texts) == 1, part
    assert all('->' in text for state, text in lines if state != 'ok')


def test_without_any_package_it_still_answers(packages):
    # Without site-packages: as on a machine where nothing is installed.
    done = subprocess.run(
        [sys.executable, '-I', '-S', str(TOOL)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, 'Traceback' in done.stderr) == (4, False)
    lines = lines_of(done.stdout)
    missing = {
        text.split(' ')[0]
        for state, text in lines
        if state == 'problem' and 'is not installed' in text
    }
    assert missing == set(packages['requirements']())
    assert lines[0][0] == 'ok'  # Python itself
    notes = [text for state, text in lines if state == 'note']
    assert [text.split(' ')[0] for text in notes] == [
        'pydensecrf2',
        'grad-cam',
    ]
    assert 'built-in' in notes[0]
    assert all(
        '->' in text for state, text in lines if state in ('note', 'problem')
    )


MAINTAINED = {
    'onedl_mmengine': '0.10.12',
    'onedl_mmcv': '2.3.6',
    'onedl_mmsegmentation': '1.4.2',
    'onedl_mmpretrain': '1.3.6',
}
UPSTREAM = {
    'mmengine': '0.10.7',
    'mmcv': '2.1.0',
    'mmsegmentation': '1.2.2',
    'mmpretrain': '1.2.0',
}
UPSTREAM_MMCV = {k: v for k, v in MAINTAINED.items() if k != 'onedl_mmcv'}


@pytest.mark.parametrize(
    ('versions', 'problem'),
    [
        (MAINTAINED, None),
        ({**UPSTREAM, 'torch': '2.1.2'}, None),
        ({**UPSTREAM, 'torch': '2.6.0'}, 'cannot resume training'),
        ({**UPSTREAM, 'mmcv': '2.2.0'}, 'refuses mmcv 2.2.0'),
        ({**UPSTREAM, 'mmsegmentation': '1.2.1'}, 'is older than 1.2.2'),
        ({**MAINTAINED, 'onedl_mmcv': '2.3.5'}, 'is older than 2.3.6'),
        ({**MAINTAINED, 'mmcv': '2.1.0'}, 'overwrite each other'),
        ({**UPSTREAM_MMCV, 'mmcv': '2.1.0'}, 'are mixed'),
        ({**MAINTAINED, 'mmcv_lite': '2.2.0'}, 'mmcv-lite is installed'),
        (UPSTREAM_MMCV, 'onedl-mmcv is not installed'),
    ],
)
def test_stacks(packages, monkeypatch, versions, problem):
    names = {k.replace('_', '-'): v for k, v in versions.items()}
    space = packages['installed'].__globals__
    monkeypatch.setitem(space, 'installed', names.get)
    monkeypatch.setitem(space, 'import_error', lambda _: None)
    results = list(packages['check_stack']())
    problems = [text for state, text, _ in results if state == 'problem']
    if problem is None:
        assert not problems
        assert len(results) == 4
    else:
        assert any(problem in text for text in problems), problems
        assert all(fix for state, _, fix in results if state != 'ok')


def test_oldest_versions_are_those_of_setup(packages):
    text = (ROOT / 'setup.py').read_text()
    for _, upstream, oldest in packages['STACK'].values():
        assert f"'{upstream}>={oldest}" in text
    wanted = packages['requirements']()
    assert len(wanted) > 12
    for name, oldest in wanted.items():
        assert f"'{name}>={oldest}'" in text
