"""Tables of an ablation: rows of configs, read from a table file.

A table file is a config of mmengine's kind. Paths in it are relative to it::

    toy = False               # True: figures are not VOC's
    work_dir = 'work_dirs/x'  # default of tools/run_ablation.py
    cfg_options = {'train_cfg.max_epochs': 4}  # optional, of all configs
    tables = {
        '5': dict(
            title='Table 5: the weight of the two maps',
            rows=[
                dict(
                    name='xi 0.1',
                    config='amr.py',
                    weights_of='amr',
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

A row runs as ``<config stem>``; with ``cfg_options``, which change its
config, as ``<config stem>_<variant>``, where ``variant`` is its name in lower
case unless it is given. ``weights_of`` is the run whose checkpoint of the same
seed is tested: nothing is trained. ``starts_from`` holds config keys, each
with a run whose checkpoint of the same seed it is set to. A run is named as
above, or by a config file that no row has.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from projects.amr.errors import UserError
from projects.amr.evaluation.published_results import (
    PublishedResult,
    published,
)
from projects.amr.runtime.config.config_reading import read_config

_ROW_KEYS = {
    'name',
    'config',
    'variant',
    'weights_of',
    'starts_from',
    'cfg_options',
    'published',
}
_TABLE_KEYS = {'title', 'rows'}


@dataclass(frozen=True)
class Experiment:
    """A training and test, done with each seed."""

    config: Path  # the config file
    options: tuple[str, ...] = ()  # ``key=value`` overrides of the config
    variant: str = ''  # what the options are called
    # Whose checkpoint of the same seed is tested. None: its own training.
    weights_of: 'Experiment | None' = None
    # Config keys that get the path of a checkpoint of the same seed, and whose
    # it is.
    starts_from: tuple[tuple[str, 'Experiment'], ...] = ()

    @property
    def stem(self) -> str:
        """Name of the runs' folder."""
        return f'{self.config.stem}_{self.variant}'.rstrip('_')

    @property
    def parents(self) -> tuple['Experiment', ...]:
        """Experiments that must have been trained before."""
        own = (self.weights_of,) if self.weights_of else ()
        return (*own, *(parent for _, parent in self.starts_from))


@dataclass(frozen=True)
class Row:
    """A row of a table."""

    name: str  # what the paper's table calls it
    experiment: Experiment  # what is run
    published: PublishedResult | None = None  # the paper's figure, of VOC 2012


@dataclass(frozen=True)
class Table:
    """A table: rows in order; differences are to the first."""

    name: str  # short name; '' for a plain list of configs
    title: str  # one line
    rows: tuple[Row, ...]  # at least one
    # Whether its figures cannot be compared with published ones.
    toy: bool = False


@dataclass(frozen=True)
class TableFile:
    """A table file, see the module."""

    tables: dict[str, Table]  # by name
    work_dir: Path  # where its runs go by default
    # ``key=value`` overrides of all its configs, as tools/train.py takes them.
    cfg_options: tuple[str, ...]


def parents_first(
    experiments: Iterable[Experiment],
) -> tuple[Experiment, ...]:
    """Order experiments, each once, so that each follows those it needs.

    Raises UserError if two would share a folder.
    """
    order: dict[str, Experiment] = {}

    def add(experiment: Experiment) -> None:
        for parent in experiment.parents:
            add(parent)
        other = order.setdefault(experiment.stem, experiment)
        if other != experiment:
            raise UserError(
                f'{other.config} and {experiment.config} would share the '
                f'folder {experiment.stem}, but are not run alike: rename '
                'one, give its row a `variant`, or another --work-dir'
            )

    for experiment in experiments:
        add(experiment)
    return tuple(order.values())


def plain_table(configs: Sequence[Path]) -> Table:
    """Table of a list of configs, a row each.

    Raises UserError if one is missing, or two have one name.
    """
    for config in configs:
        _check_file(config, '')
    parents_first(map(Experiment, configs))
    return Table('', '', tuple(Row(c.stem, Experiment(c)) for c in configs))


def read_tables(path: str | Path) -> TableFile:
    """Read a table file, see the module; UserError if it breaks a rule."""
    path = Path(path)
    content = read_config(path).to_dict()
    if not isinstance(content.get('tables') or None, dict):
        raise UserError(f'{path} has no dict `tables`: it is not a table file')
    runs = _Runs(path)
    for name, entry in content['tables'].items():
        where = f'{path}, table {name!r}'
        _check_keys(where, entry, _TABLE_KEYS, _TABLE_KEYS)
        if not entry['rows'] or not isinstance(entry['rows'], (list, tuple)):
            raise UserError(f'{where}: `rows` must be a list of some')
        for row in entry['rows']:
            named = row.get('name', '?') if isinstance(row, dict) else row
            runs.add(f'{where}, row {named!r}', row)
    tables = {
        name: Table(
            name,
            entry['title'],
            tuple(map(runs.row, entry['rows'])),
            bool(content.get('toy')),
        )
        for name, entry in content['tables'].items()
    }
    parents_first([row.experiment for t in tables.values() for row in t.rows])
    return TableFile(
        tables,
        Path(content.get('work_dir', 'work_dirs/ablation')),
        _options(content),
    )


class _Runs:
    def __init__(self, path: Path):
        self._path = path
        self._entries: dict[str, dict] = {}

    def add(self, where: str, entry: dict) -> None:
        """Check a row."""
        _check_keys(where, entry, _ROW_KEYS, {'name', 'config'})
        if not isinstance(entry['config'], str):
            raise UserError(f'{where}: `config` must be the path of a file')
        _check_file(self._path.parent / entry['config'], f'{where}: ')
        for key in ('cfg_options', 'starts_from'):
            if not isinstance(entry.get(key, {}), dict):
                raise UserError(f'{where}: `{key}` must be a dict')
        self._entries.setdefault(_run_name(entry), entry)

    def row(self, entry: dict) -> Row:
        """Build a row of the table."""
        record = None
        if 'published' in entry:
            where = f'{self._path}, row {entry["name"]!r}'
            record = _published(where, entry['published'])
        return Row(entry['name'], self._experiment(entry, ()), record)

    def _experiment(self, entry: dict, above: tuple[str, ...]) -> Experiment:
        """Build a row's run and those that it needs."""
        name = _run_name(entry)
        if name in above:
            raise UserError(f'{self._path}: {name} needs its own checkpoint')
        above = (*above, name)
        config, weights = self._file(entry['config']), entry.get('weights_of')
        return Experiment(
            config,
            _options(entry),
            name.removeprefix(config.stem)[1:],
            self._parent(weights, above) if weights else None,
            tuple(
                (key, self._parent(run, above))
                for key, run in entry.get('starts_from', {}).items()
            ),
        )

    def _parent(self, name: str, above: tuple[str, ...]) -> Experiment:
        """Build a run by its name, or by a config that no row has."""
        if name in self._entries:
            return self._experiment(self._entries[name], above)
        _check_file(self._path.parent / name, f'{self._path}: ')
        return Experiment(self._file(name))

    def _file(self, config: str) -> Path:
        """Path of a config, without dots, so that one file has one name."""
        found = self._path.parent / config
        return Path(found.parent.resolve(), found.name)


def _run_name(entry: dict) -> str:
    """Name of the folder of a row's runs.

    Example:
        >>> _run_name(dict(name='+ AMM, xi 0.1', config='a.py'))
        'a'
        >>> _run_name(
        ...     dict(name='+ AMM, xi 0.1', config='a.py', cfg_options={'x': 1})
        ... )
        'a_amm-xi-0.1'
    """
    stem = Path(entry['config']).stem
    if not entry.get('cfg_options'):
        return stem
    slug = re.sub(r'[^\w.]+', '-', entry['name'].lower()).strip('-')
    return f'{stem}_{entry.get("variant", slug)}'


def _options(entry: dict) -> tuple[str, ...]:
    options = entry.get('cfg_options', {})
    return tuple(f'{key}={value}' for key, value in options.items())


def _published(where: str, entry: Sequence[str]) -> PublishedResult:
    """The one CAM figure that the paper's table has of a method."""
    records = ()
    if len(entry) == 2:
        table, method = entry
        records = published('cam', method, table)
    if len(records) != 1:
        raise UserError(
            f'{where}: `published` must be the table and the method of one '
            f'CAM figure of published_results.csv, got {entry!r}'
        )
    return records[0]


def _check_keys(where: str, entry, known: set, needed: set) -> None:
    if not isinstance(entry, dict):
        raise UserError(f'{where} must be a dict, got {entry!r}')
    if unknown := set(entry) - known:
        raise UserError(
            f'{where}: unknown {sorted(unknown)}; may have {sorted(known)}'
        )
    if missing := needed - set(entry):
        raise UserError(f'{where}: needs {sorted(missing)}')


def _check_file(config: Path, where: str) -> None:
    if not config.is_file():
        raise UserError(f'{where}config not found: {config}')
