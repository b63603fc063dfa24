"""Every module of the project that a tool names is there."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
FILES = sorted(TOOLS.rglob('*.py'))


def project_names(path):
    """Modules of the project, and what is taken from each."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        module = getattr(node, 'module', None) or ''
        if isinstance(node, ast.ImportFrom) and module.startswith('projects'):
            yield module, [alias.name for alias in node.names]


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_what_a_tool_imports_exists(path):
    for module, names in project_names(path):
        spec = find_spec(module)
        assert spec is not None, module
        source = Path(spec.origin).read_text(encoding='utf-8')
        defined = {
            word
            for node in ast.walk(ast.parse(source))
            for word in bound_names(node)
        }
        lost = [
            name
            for name in names
            if name not in defined and find_spec(f'{module}.{name}') is None
        ]
        assert not lost, module


def bound_names(node):
    """Names that a statement binds."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in node.names]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    return []


LOUD = ('mmseg.datasets', 'mmseg.models', 'mmseg.apis', 'mmpretrain', 'mmcv')


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
