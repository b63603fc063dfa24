"""Installed packages against requirements.txt: the standard library alone.

Each check yields state, text and what to do. The module is no part of
``projects.amr``: importing that needs most of what is checked here.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OK, NOTE, PROBLEM = 'ok', 'note', 'problem'
MIN_PYTHON = (3, 10)
INSTALL = 'pip install -r requirements.txt'
# Import name: distribution of the maintained stack, of upstream, and the
# oldest version of the latter, as in setup.py.
STACK = {
    'mmengine': ('onedl-mmengine', 'mmengine', '0.10.7'),
    'mmcv': ('onedl-mmcv', 'mmcv', '2.1.0'),
    'mmseg': ('onedl-mmsegmentation', 'mmsegmentation', '1.2.2'),
    'mmpretrain': ('onedl-mmpretrain', 'mmpretrain', '1.2.0'),
}
IMPORT_NAMES = {'opencv-python': 'cv2', 'Pillow': 'PIL'}
# Of one opencv, whichever is installed.
ALSO = {'opencv-python': ('opencv-python-headless', 'opencv-contrib-python')}
OPTIONAL = {
    'pydensecrf2': (
        'pydensecrf.densecrf',
        'the built-in dense CRF is used, which needs no compiler',
        "pip install '.[crf]'",
    ),
    'grad-cam': (
        'pytorch_grad_cam',
        'only further CAM methods need it',
        'pip install grad-cam',
    ),
}


def numbers(text: str) -> tuple:
    """Leading numbers of a version, to compare by: 1.2.3+cpu is (1, 2, 3)."""
    return tuple(int(n) for n in re.findall(r'\d+', text.split('+')[0])[:3])


def installed(name: str) -> str | None:
    """Version of an installed distribution."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def one_line(error: Exception) -> str:
    """Kind and text of an error."""
    return ' '.join(f'{type(error).__name__}: {error}'.split())[:300]


def import_error(name: str) -> str | None:
    """Why a module cannot be imported, in one line."""
    try:
        importlib.import_module(name)
    except Exception as error:
        return one_line(error)
    return None


def requirements() -> dict:
    """Oldest versions of requirements.txt by distribution."""
    lines = (ROOT / 'requirements.txt').read_text(encoding='utf-8')
    found = re.findall(r'^([\w.-]+)>=([\d.]+)', lines, re.MULTILINE)
    return dict(found)


def check_python() -> Iterator[tuple]:
    """Python's version."""
    version = '.'.join(map(str, sys.version_info[:3]))
    wanted = '.'.join(map(str, MIN_PYTHON))
    if sys.version_info < MIN_PYTHON:
        yield PROBLEM, f'Python {version}', f'use Python {wanted} or newer'
    else:
        yield OK, f'Python {version}', ''


def check_packages() -> Iterator[tuple]:
    """Packages of requirements.txt, the OpenMMLab stack aside."""
    stack = {name for row in STACK.values() for name in row[:2]}
    for name, oldest in requirements().items():
        if name not in stack:
            yield check_package(name, oldest)


def check_package(name: str, oldest: str, module: str | None = None) -> tuple:
    """One distribution: there, new enough, importable."""
    candidates = [name, *ALSO.get(name, ())]
    found = [(c, v) for c in candidates if (v := installed(c)) is not None]
    if not found:
        return PROBLEM, f'{name} is not installed', INSTALL
    text = ', '.join(f'{c} {version}' for c, version in found)
    if numbers(found[0][1]) < numbers(oldest):
        return PROBLEM, f'{text} is older than {oldest}', INSTALL
    module = module or IMPORT_NAMES.get(name, name.replace('-', '_'))
    error = import_error(module)
    if error:
        fix = f'pip install --force-reinstall {found[0][0]}'
        return PROBLEM, f'{text} cannot be imported ({error})', fix
    if len(found) > 1:
        fix = f'keep one: pip uninstall {found[1][0]}'
        return NOTE, f'{text}: they share one folder', fix
    return OK, text, ''


def check_torch_pair() -> Iterator[tuple]:
    """Return whether torchvision was made for this torch."""
    torch, vision = installed('torch'), installed('torchvision')
    if torch is None or vision is None:
        return
    from packaging.requirements import Requirement  # which matplotlib needs

    text = f'torch {torch} with torchvision {vision}'
    fix = (
        'pip install --force-reinstall torch torchvision, both from one place'
    )
    tags = [v.partition('+')[2] for v in (torch, vision)]
    wanted = [
        rule.specifier
        for rule in map(Requirement, metadata.requires('torchvision') or ())
        if rule.name == 'torch' and rule.marker is None
    ]
    if not all(rule.contains(torch, prereleases=True) for rule in wanted):
        text += f', which wants torch {", ".join(map(str, wanted))}'
        yield PROBLEM, text, fix
    elif tags[0] != tags[1]:
        yield PROBLEM, f'{text}: builds of different kinds', fix
    else:
        error = operator_error()
        state = PROBLEM if error else OK
        yield state, text + (f' ({error})' if error else ''), error and fix


def operator_error() -> str | None:
    """Why torchvision's compiled operators do not run, if they do not."""
    try:
        import torch
        from torchvision.ops import nms

        nms(torch.tensor([[0.0, 0, 1, 1]]), torch.ones(1), 0.5)
    except Exception as error:
        return one_line(error)
    return None


def check_stack() -> Iterator[tuple]:
    """One OpenMMLab stack, complete, and of versions that go together."""
    kinds = set()
    for module, (maintained, upstream, oldest) in STACK.items():
        there = [n for n in (maintained, upstream) if installed(n)]
        kinds |= {name == maintained for name in there}
        if len(there) > 1:
            text = f'{maintained} and {upstream} overwrite each other'
            fix = f'pip uninstall -y {maintained} {upstream}, then {INSTALL}'
            yield PROBLEM, text, fix
            continue
        name = there[0] if there else maintained
        if name == maintained:
            oldest = requirements().get(maintained, '0')
        yield check_package(name, oldest, module)
    if len(kinds) > 1:
        text = 'the maintained (onedl-*) and the upstream stack are mixed'
        yield PROBLEM, text, f'uninstall the upstream part, then {INSTALL}'
    yield from check_upstream()


def check_upstream() -> Iterator[tuple]:
    """Versions that are known not to work together upstream."""
    mmcv = installed('mmcv')
    if mmcv and installed('mmsegmentation') and numbers(mmcv) >= (2, 2):
        text = f'mmsegmentation refuses mmcv {mmcv}'
        yield PROBLEM, text, "pip install 'mmcv<2.2.0', or the onedl-* stack"
    engine, torch = installed('mmengine'), installed('torch')
    new_torch = torch is not None and numbers(torch) >= (2, 6)
    if engine and numbers(engine) <= (0, 10, 7) and new_torch:
        text = f'mmengine {engine} cannot resume training on torch {torch}'
        yield PROBLEM, text, 'use torch below 2.6, or the onedl-* stack'
    for name in ('mmcv-lite', 'mmcv-full'):
        if installed(name):
            text = f'{name} is installed together with or instead of mmcv'
            yield PROBLEM, text, f'pip uninstall {name}, then {INSTALL}'


def check_optional() -> Iterator[tuple]:
    """Extras."""
    for name, (module, without, fix) in OPTIONAL.items():
        version, error = installed(name), import_error(module)
        if not error:
            yield OK, f'{name} {version or "(version unknown)"}', ''
        else:
            what = f'cannot be imported ({error})' if version else 'is absent'
            yield NOTE, f'{name} {what}: {without}', fix
