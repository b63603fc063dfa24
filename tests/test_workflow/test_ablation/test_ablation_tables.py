"""Table files: what they may say, and what ours do."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from projects.amr.errors import UserError
from projects.amr.evaluation.published_results import published
from projects.amr.runtime.checkpoints.pretrained import (
    drop_pretrained,
    find_pretrained,
)
from projects.amr.runtime.config.config_reading import (
    apply_cfg_options,
    read_cfg_options,
)
from projects.amr.workflow.ablation.spec import plain_table, read_tables

FOLDER = Path(__file__).parents[3] / 'configs'
FILES = {
    'voc': FOLDER / 'ablations' / 'tables.py',
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


@pytest.mark.parametrize('table', sorted(PAPER))
def test_papers_tables_hold_the_papers_figures(rows, table):
    records = [row.published for row in rows[table] if row.published]
    assert records == list(published('cam', table=f'Table {table}'))


def test_test_only_rows_change_nothing_but_xi(file, rows):
    found = [row.experiment for row in rows['5'] if row.experiment.weights_of]
    # With and without L_cps.
    assert len(found) == (8 if file.parent.name == 'toy' else 4)
    for experiment in found:
        parent = experiment.weights_of
        assert experiment.config == parent.config
        own = {*experiment.options} - {*parent.options}
        assert own == {f'model.xi={experiment.stem[-3:]}'}


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


@pytest.mark.parametrize(
    ('row', 'match'),
    [
        ("name='a', config='b.py'", r"'t', row 'a'.*b\.py"),
        ("name='a'", 'config'),
        ("name='a', config='a.py', xi=1", 'xi'),
        (
            "name='a', config='a.py', published=('Table 3', 'AMR')",
            "'AMR'",
        ),
        ("name='a', config='a.py', weights_of='b.py'", r'b\.py'),
        ("name='a', config='a.py', weights_of='a'", 'a needs'),
        ("name='a', config='a.py', starts_from=['a']", 'starts_from'),
        ("name='a', config='a.py', published=('Table 3',)", 'Table 3'),
    ],
)
def test_faults_of_a_row_are_named(write, row, match):
    with pytest.raises(UserError, match=match):
        read_tables(write(row))


def test_rows_that_are_no_dicts_are_named(write):
    for rows in ("['a.py']", "'a.py'"):
        with pytest.raises(UserError, match=r'a\.py|rows'):
            read_tables(write(rows=rows))


def test_runs_that_share_a_folder_are_refused(write, tmp_path):
    row = "dict(name='a', config='a.py')"
    other = row.replace(')', ", starts_from={'x': 'b.py'})")
    (tmp_path / 'b.py').touch()
    with pytest.raises(UserError, match='folder a,'):
        read_tables(write(rows=f'[{row}, {other}]'))
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / 'a.py').touch()
    with pytest.raises(UserError, match='folder a,'):
        plain_table([tmp_path / 'a.py', tmp_path / 'sub' / 'a.py'])


def test_run_is_named_by_config_and_variant(write):
    row = "name='+ X 2', config='a.py', cfg_options={'x': 2}"
    names = [
        read_tables(write(text)).tables['t'].rows[0].experiment.stem
        for text in (row, f"{row}, variant='two'", "name='b', config='a.py'")
    ]
    assert names == ['a_x-2', 'a_two', 'a']


ROWS = {
    row.experiment.stem: row.experiment
    for file in (*FILES.values(), FOLDER / 'ablations/lite0/tables.py')
    for table in read_tables(file).tables.values()
    for row in table.rows
}


@pytest.mark.parametrize('stem', ROWS)
def test_rows_change_a_model_that_builds(stem):
    experiment = ROWS[stem]
    cfg = Config.fromfile(experiment.config)
    before = cfg.to_dict()
    starts = sorted(key for key, _ in experiment.starts_from)
    words = [*experiment.options, *(f'{key}=x.pth' for key in starts)]
    apply_cfg_options(cfg, read_cfg_options(words))
    assert (cfg.to_dict() != before) == bool(words)
    sources = find_pretrained(cfg.model)
    assert sorted(key for key, path in sources if path == 'x.pth') == starts
    drop_pretrained(cfg.model)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    assert model.num_classes == (4 if 'toy' in stem else 20)
