"""Overrides of a config that would change nothing are refused."""

import argparse
import inspect
import re

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import (
    RUN_KEYS,
    add_cfg_options,
    apply_cfg_options,
    read_cfg_options,
)

TEXT = """
steps = [dict(size=4)]
root = '{{$AMR_TEST_ROOT:data/voc}}'
model = dict(type='A', depth=3)
train_dataloader = dict(dataset=dict(data_root=root, steps=steps))
test_dataloader = dict(dataset=dict(data_root=root, other=[root]))
custom_hooks = [dict(type='B')]
"""


@pytest.fixture
def cfg(tmp_path):
    path = tmp_path / 'one.py'
    path.write_text(TEXT)
    return Config.fromfile(path)


def test_entries_are_overridden_and_new_ones_set(cfg):
    options = {
        'model.depth': 5,
        'model.new': 1,
        'custom_hooks.0.out': 'x',
        'compile': True,  # read where it is there
    }
    apply_cfg_options(cfg, options)
    assert (cfg.model.depth, cfg.model.new, cfg.compile) == (5, 1, True)
    assert cfg.custom_hooks[0].out == 'x'
    apply_cfg_options(cfg, None)


@pytest.mark.parametrize('key', ['root', 'steps.0.size'])
def test_a_variable_of_the_file_is_refused(cfg, key):
    """It would look set, and every dataset would stay where it was."""
    with pytest.raises(UserError) as caught:
        apply_cfg_options(cfg, {key: 'mine'})
    assert key in str(caught.value)
    assert cfg.root == 'data/voc'


@pytest.mark.parametrize(
    ('key', 'word'),
    [
        ('train_dataloder.batch_size', "'train_dataloader'"),
        ('zzz', 'zzz'),
        ('custom_hooks.9.crf', '9'),
        ('model.depth.x', 'depth'),
    ],
)
def test_a_key_that_does_not_fit_is_named(cfg, key, word):
    with pytest.raises(UserError) as caught:
        apply_cfg_options(cfg, {key: 3})
    assert key in str(caught.value)
    assert word in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_pair_without_equals_is_a_usage_error(capsys):
    parser = argparse.ArgumentParser(prog='x')
    add_cfg_options(parser)
    found = parser.parse_args(['--cfg-options', 'a.b=[1,2]', 'c=d=e'])
    assert found.cfg_options == {'a.b': [1, 2], 'c': 'd=e'}
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(['--cfg-options', 'a', '=', '3'])
    assert caught.value.code == 2
    assert "'a' must be key=value" in capsys.readouterr().err


def test_blanks_stay_in_texts():
    words = ['a=/my  photos/x', 'b=[hot dog, ( 1 , 2.5 ), c]', 'd="e f"']
    assert read_cfg_options(words) == {
        'a': '/my  photos/x',
        'b': ['hot dog', (1, 2.5), 'c'],
        'd': 'e f',
    }


def test_an_open_bracket_is_a_usage_error():
    with pytest.raises(SystemExit) as caught:
        read_cfg_options(['a=[1,2'])
    assert caught.value.code == 2


def test_what_the_runner_reads_may_be_overridden():
    read = set(
        re.findall(r"self\.cfg\.get\(\s*'(\w+)'", inspect.getsource(Runner))
    )
    assert {'compile', 'sync_bn'} <= read
    assert {*read, 'model', 'param_scheduler'} <= RUN_KEYS
    assert not {'data_root', 'self'} & RUN_KEYS
