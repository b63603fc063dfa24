import logging
import sys

import pytest

from projects.amr.errors import MissingDependencyError
from projects.amr.runtime.config import optional_packages
from projects.amr.runtime.config.optional_packages import (
    check_optional_packages,
)
from projects.amr.workflow.launch.tool_setup import resolve_config


@pytest.fixture
def nothing_installed(monkeypatch):
    """As if no optional package were there."""
    monkeypatch.setattr(optional_packages, '_installed', lambda module: False)


def load(tmp_path, text):
    path = tmp_path / 'a.py'
    path.write_text(text)
    return resolve_config(path)


@pytest.mark.parametrize('scope', ['', 'mmseg.'])
def test_fault31_a_needed_package_names_extra_and_stand_in(
    nothing_installed, tmp_path, scope
):
    text = f"model = dict(test_cfg=[dict(type='{scope}LibraryCAM')])"
    with pytest.raises(MissingDependencyError) as error:
        load(tmp_path, text)
    assert error.value.exit_code == 4
    assert '[cam]' in str(error.value)
    assert 'test_cfg.extractor' in str(error.value)


def test_fault31_a_stand_in_is_told(nothing_installed, monkeypatch):
    told = []
    monkeypatch.setattr(
        optional_packages, 'print_log', lambda *args: told.append(args)
    )
    config = {
        'default_hooks': {'a': {'type': 'LabelMapWriterHook', 'crf': 'dense'}}
    }
    check_optional_packages(config)
    ((text, _, level),) = told
    assert level == logging.INFO
    assert '[crf]' in text
    assert 'permutohedral' in text
    config['default_hooks']['a']['crf'] = None
    check_optional_packages(config)
    assert len(told) == 1


@pytest.mark.parametrize(
    ('module', 'fix'),
    [
        ('pytorch_grad_cam', '[cam]'),
        ('no_such_module.deep', 'PYTHONPATH'),
    ],
)
def test_fault31_imports_of_a_config(tmp_path, monkeypatch, module, fix):
    monkeypatch.setitem(sys.modules, 'pytorch_grad_cam', None)
    with pytest.raises(MissingDependencyError) as error:
        load(tmp_path, f"custom_imports = dict(imports=['{module}'])")
    assert module.split('.')[0] in str(error.value)
    assert fix in str(error.value)
    assert error.value.exit_code == 4


def test_fault31_what_is_installed_is_not_told(monkeypatch):
    asked, told = [], []
    monkeypatch.setattr(
        optional_packages, 'print_log', lambda *args: told.append(args)
    )
    monkeypatch.setattr(
        optional_packages, '_installed', lambda m: not asked.append(m)
    )
    check_optional_packages({'crf': 'dense', 'type': 'LibraryCAM'})
    assert asked == ['pydensecrf', 'pytorch_grad_cam']
    assert told == []
