"""Table files: what they may say, and what ours do."""

import argparse
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from projects.amr.errors import UserError
from projects.amr.evaluation.published_results import published
from projects.amr.runtime.checkpoints.pretrained import drop_pretrained
from projects.amr.runtime.config.config_reading import (
    add_cfg_options,
    apply_cfg_options,
)
from projects.amr.workflow.ablation import read_tables

FOLDER = Path(__file__).parents[3] / 'configs' / 'ablations'
FILES = {
    'voc': FOLDER / 'tables.py',
    'toyvoc': FOLDER / 'toy' / 'tables.py',
    'toyvoc_adamw': FOLDER / 'toy' / 'tables_adamw.py',
}
PAPER = {'3', '4', '5', '6'}


@pytest.fixture(params=FILES, scope='module')
def file(request):
    return FILES[request.param]


@pytest.fixture(scope='module')
def rows(file):
    """All rows, by table."""
    tables = read_tables(file).tables
    return {name: table.rows for name, table in tables.items()}


def flat(value, prefix=''):
    """Entries of a config, by dotted name."""
    if not isinstance(value, dict):
        return {prefix: value}
    return {
        name: entry
        for key, part in value.items()
        for name, entry in flat(part, f'{prefix}.{key}').items()
    }


def test_every_ablation_is_in_a_table(file, rows):
    known = {row.experiment.config for part in rows.values() for row in part}
    own = {path.resolve() for path in file.parent.glob('*_r*.py')}
    assert len(own) > 10
    assert own <= known


@pytest.mark.parametrize('table', sorted(PAPER))
def test_papers_tables_hold_the_papers_figures(rows, table):
    records = [row.published for row in rows[table] if row.published]
    assert records == list(published('cam', table=f'Table {table}'))


def test_our_own_tables_quote_only_what_is_published(file, rows):
    toy = {'heldout'} if file.parent.name == 'toy' else set()
    assert set(rows) == PAPER | {'controls', 'release', 'beyond'} | toy
    for name in set(rows) - PAPER:
        for row in rows[name]:
            if row.published:
                assert row.published.metric == 'cam'
    assert rows['controls'][0] == rows['3'][0]


def test_only_the_toy_figures_cannot_be_compared():
    for name, path in FILES.items():
        found = read_tables(path)
        tables = found.tables.values()
        assert {table.toy for table in tables} == {name != 'voc'}
        assert all(bool(t.ceiling) == t.toy for t in tables)
        assert found.work_dir.name == name


def test_test_only_rows_change_nothing_but_xi(file, rows):
    found = [
        row.experiment
        for part in rows.values()
        for row in part
        if row.experiment.weights_of
    ]
    # With and without L_cps.
    assert len(found) == (8 if file.parent.name == 'toy' else 4)
    for experiment in found:
        own, parent = (
            flat(Config.fromfile(path).to_dict())
            for path in (experiment.config, experiment.weights_of)
        )
        changed = {k for k in own | parent if own.get(k) != parent.get(k)}
        assert changed == {'.model.xi'}


def test_row_that_starts_from_another_reads_its_variable(rows, monkeypatch):
    starting = {}
    for part in rows.values():
        for row in part:
            starting[row.experiment.config] = row.experiment.starts_from
    assert any(starting.values())
    for starts in starting.values():
        for name, parent in starts:
            monkeypatch.setenv(name, f'{name}.pth')
            assert parent.is_file()
    for config, starts in starting.items():
        read = {
            value
            for value in flat(Config.fromfile(config).to_dict()).values()
            if isinstance(value, str) and value.endswith('_CLASSIFIER.pth')
        }
        assert read == {f'{name}.pth' for name, _ in starts}, config


@pytest.fixture
def write(tmp_path):
    """Write a table file of one table of one row."""
    (tmp_path / 'a.py').touch()

    def _write(row="name='a', config='a.py'", more='', rows=None):
        rows = f'[dict({row})]' if rows is None else rows
        path = tmp_path / 'tables.py'
        path.write_text(
            f"tables = dict(t=dict(title='T', rows={rows}))\n{more}\n"
        )
        return path

    return _write


def test_paths_are_relative_to_the_file(write, tmp_path):
    found = read_tables(write())
    (row,) = found.tables['t'].rows
    assert row.experiment.config == tmp_path.resolve() / 'a.py'
    assert found.work_dir == Path('work_dirs/ablation')
    assert found.cfg_options == ()


def test_overrides_of_a_file_are_those_of_the_command_line(write):
    path = write(more="cfg_options = {'a.b': 2e-3, 'c': True, 'd': 'e'}")
    assert read_tables(path).cfg_options == ('a.b=0.002', 'c=True', 'd=e')


@pytest.mark.parametrize(
    ('row', 'match'),
    [
        ("name='a', config='b.py'", r"table 't', row 'a': config not found"),
        ("name='a'", r"needs \['config'\]"),
        ("name='a', config='a.py', xi=1", r"unknown \['xi'\]; may have"),
        (
            "name='a', config='a.py', published=('Table 3', 'AMR')",
            r"Table 3, 'AMR' names 0",
        ),
        ("name='a', config='a.py', weights_of='b.py'", 'config not found'),
    ],
)
def test_faults_of_a_row_are_named(write, row, match):
    with pytest.raises(UserError, match=match):
        read_tables(write(row))


def test_faults_of_a_file_are_named(write, tmp_path):
    with pytest.raises(UserError, match='must not be empty'):
        read_tables(write(rows='[]'))
    with pytest.raises(UserError, match='it is not a table file'):
        read_tables(tmp_path / 'a.py')


def lite_rows():
    tables = read_tables(FOLDER / 'lite0' / 'tables.py').tables
    return {
        row.experiment.stem: row.experiment
        for table in tables.values()
        for row in table.rows
    }


@pytest.mark.parametrize('stem', lite_rows())
def test_rows_of_real_photos_change_a_model_that_builds(stem):
    experiment = lite_rows()[stem]
    cfg = Config.fromfile(experiment.config)
    before = cfg.to_dict()
    parser = argparse.ArgumentParser()
    add_cfg_options(parser)
    words = ['--cfg-options', *experiment.options] * bool(experiment.options)
    apply_cfg_options(cfg, parser.parse_args(words).cfg_options)
    assert (cfg.to_dict() != before) == bool(experiment.options)
    drop_pretrained(cfg.model)
    with torch.device('meta'):
        assert MODELS.build(cfg.model).num_classes == 20
