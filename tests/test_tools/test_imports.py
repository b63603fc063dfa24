"""Every module of the project that a tool names is there."""

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
FILES = sorted(TOOLS.rglob('*.py'))
LOUD = ('mmseg.datasets', 'mmseg.models', 'mmseg.apis', 'mmpretrain', 'mmcv')


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_what_a_tool_imports_exists(path):
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        module = getattr(node, 'module', None) or ''
        if isinstance(node, ast.ImportFrom) and module.startswith('projects'):
            found = import_module(module)
            for name in (alias.name for alias in node.names):
                assert hasattr(found, name) or find_spec(f'{module}.{name}')


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_what_prints_when_imported_comes_after_the_project(path):
    """The project imports it first, and keeps it quiet."""
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            modules = [getattr(node, 'module', None) or '']
        if any(module.startswith('projects') for module in modules):
            return
        assert not any(module.startswith(LOUD) for module in modules)
