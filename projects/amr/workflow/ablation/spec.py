"""What tables an ablation has: rows of configs, read from a table file.

A table file is a config of mmengine's kind. Paths in it are relative to it::

    toy = False               # True: figures are not VOC's
    work_dir = 'work_dirs/x'  # default of tools/run_ablation.py
    ceiling = dict(name='ceiling', config='c.py')  # optional, if it was run
    cfg_options = {'train_cfg.max_epochs': 4}  # optional, of all configs
    tables = {
        '5': dict(
            title='Table 5: the weight of the two maps',
            rows=[
                dict(
                    name='xi 0.1',
                    config='amr.py',
                    weights_of='amr.py',
                    cfg_options={'model.xi': 0.1},
                ),
                dict(
                    name='xi 0.5',
                    config='amr.py',
                    published=('Table 5', 'xi 0.5'),
                ),
            ],
        ),
    }

``cfg_options`` of a row change its config; it is then run under the name
``<config stem>_<row name>``. ``weights_of`` names the
config whose checkpoint of the same seed is tested, nothing is trained;
``starts_from`` holds environment variables of the config,
each with a config whose checkpoint of the same seed it is set to.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from projects.amr.errors import UserError
from projects.amr.evaluation.published_results import published
from projects.amr.evaluation.published_tables import PublishedResult
from projects.amr.runtime.config.config_reading import read_config

_ROW_KEYS = {
    'name',
    'config',
    'weights_of',
    'starts_from',
    'cfg_options',
    'published',
}
_TABLE_KEYS = {'title', 'rows'}


@dataclass(frozen=True)
class Experiment:
    """What is trained and tested with each seed.

    Args:
        config (Path): The config file.
        weights_of (Path, optional): Config whose checkpoint of the same seed
            is tested. Defaults to None: its own training.
        starts_from (tuple[tuple[str, Path], ...]): Environment variables
            that get the path of a checkpoint of the same seed, and whose it
            is. Defaults to ().
        options (tuple[str, ...]): ``key=value`` overrides of the config.
            Defaults to ().
        variant (str): What the options are called. Defaults to ''.
    """

    config: Path
    weights_of: Path | None = None
    starts_from: tuple[tuple[str, Path], ...] = ()
    options: tuple[str, ...] = ()
    variant: str = ''

    @property
    def stem(self) -> str:
        """Name of the runs' folder."""
        return f'{self.config.stem}_{self.variant}'.rstrip('_')

    @property
    def parents(self) -> tuple[Path, ...]:
        """Configs that must have been trained before."""
        own = () if self.weights_of is None else (self.weights_of,)
        return (*own, *(config for _, config in self.starts_from))


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Args:
        name (str): What the paper's table calls it.
        experiment (Experiment): What is run.
        published (PublishedResult, optional): The paper's figure, of VOC
            2012. Defaults to None.
    """

    name: str
    experiment: Experiment
    published: PublishedResult | None = None


@dataclass(frozen=True)
class Table:
    """A table: rows in order; differences are to the first.

    Args:
        name (str): Short name; '' for a plain list of configs.
        title (str): One line.
        rows (tuple[Row, ...]): At least one.
        ceiling (Row, optional): Shown beside the rows if it was run.
            Defaults to None.
        toy (bool): Whether its figures cannot be compared with published
            ones. Defaults to False.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    ceiling: Row | None = None
    toy: bool = False

    @property
    def stem(self) -> str:
        """Name of its files, without a suffix."""
        return f'table_{self.name}' if self.name else 'table'


def plain_table(configs: Sequence[Path]) -> Table:
    """Make a table of a list of configs, each its own row.

    Args:
        configs (Sequence[Path]): Config files.

    Returns:
        Table: Rows are named after the configs.

    Raises:
        UserError: If a file is missing.
    """
    for config in configs:
        _check_file(config, '')
    return Table('', '', tuple(Row(c.stem, Experiment(c)) for c in configs))


@dataclass(frozen=True)
class TableFile:
    """A table file, see the module.

    Args:
        tables (dict[str, Table]): By name.
        work_dir (Path): Where its runs go by default.
        cfg_options (tuple[str, ...]): ``key=value`` overrides of all its
            configs, as tools/train.py takes them.
    """

    tables: dict[str, Table]
    work_dir: Path
    cfg_options: tuple[str, ...]


def read_tables(path: str | Path) -> TableFile:
    """Read a table file, see the module.

    Args:
        path (str | Path): The file.

    Returns:
        TableFile: Its content.

    Raises:
        UserError: If the file breaks a rule.
    """
    path = Path(path)
    content = read_config(path).to_dict()
    if not content.get('tables'):
        raise UserError(f'{path} has no `tables`: it is not a table file')
    ceiling = content.get('ceiling')
    if ceiling is not None:
        ceiling = _row(path, 'ceiling', ceiling)
    tables = {}
    for name, entry in content['tables'].items():
        where = f'table {name!r}'
        _check_keys(path, where, entry, _TABLE_KEYS, _TABLE_KEYS)
        rows = tuple(_row(path, where, row) for row in entry['rows'])
        if not rows:
            raise UserError(f'{path}, {where}: `rows` must not be empty')
        toy = bool(content.get('toy'))
        tables[name] = Table(name, entry['title'], rows, ceiling, toy)
    options = content.get('cfg_options', {})
    return TableFile(
        tables,
        Path(content.get('work_dir', 'work_dirs/ablation')),
        tuple(f'{key}={value}' for key, value in options.items()),
    )


def _row(path: Path, where: str, entry: dict) -> Row:
    """Read one row."""
    where = f'{where}, row {entry.get("name", "?")!r}'
    _check_keys(path, where, entry, _ROW_KEYS, {'name', 'config'})

    def beside(config: str) -> Path:
        found = path.parent / config
        _check_file(found, f'{path}, {where}: ')
        # Without the dots, so that one file has one name.
        return Path(found.parent.resolve(), found.name)

    weights_of = entry.get('weights_of')
    experiment = Experiment(
        beside(entry['config']),
        None if weights_of is None else beside(weights_of),
        tuple((k, beside(v)) for k, v in entry.get('starts_from', {}).items()),
        tuple(f'{k}={v}' for k, v in entry.get('cfg_options', {}).items()),
        _slug(entry['name']) if entry.get('cfg_options') else '',
    )
    record = None
    if 'published' in entry:
        record = _published(f'{path}, {where}', *entry['published'])
    return Row(entry['name'], experiment, record)


def _slug(name: str) -> str:
    """A row's name as a part of a folder's name.

    Example:
        >>> _slug('+ AMM, xi 0.1')
        'amm-xi-0.1'
    """
    return re.sub(r'[^\w.]+', '-', name.lower()).strip('-')


def _published(where: str, table: str, method: str) -> PublishedResult:
    """The one CAM figure that the paper's table has of a method."""
    records = published('cam', method, table)
    if len(records) != 1:
        raise UserError(
            f'{where}: `published` must name one CAM figure of '
            f'published_tables.py, {table}, {method!r} names {len(records)}'
        )
    return records[0]


def _check_keys(path, where, entry: dict, known: set, needed: set) -> None:
    """Refuse an entry with unknown keys, or without needed ones."""
    if unknown := set(entry) - known:
        raise UserError(
            f'{path}, {where}: unknown {sorted(unknown)}; may have '
            f'{sorted(known)}'
        )
    if missing := needed - set(entry):
        raise UserError(f'{path}, {where}: needs {sorted(missing)}')


def _check_file(config: Path, where: str) -> None:
    """Refuse a config that is not there."""
    if not config.is_file():
        raise UserError(f'{where}config not found: {config}')
