"""Train and test experiments over seeds: what is left, in order."""

import json
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from projects.amr.errors import UserError
from projects.amr.runtime.checkpoints.resume import LAST, last_checkpoint
from projects.amr.runtime.config.config_reading import (
    apply_cfg_options,
    read_cfg_options,
    read_config,
)
from projects.amr.runtime.files.atomic_write import write_json
from projects.amr.runtime.files.fingerprint import config_digest, file_digest
from projects.amr.runtime.files.former_results import bring_back, set_aside
from projects.amr.runtime.files.progress import Reporter
from projects.amr.runtime.processes.tool_process import call_tool
from projects.amr.runtime.processes.work_dir_lock import work_dir_lock
from projects.amr.workflow.ablation.spec import Experiment, parents_first
from projects.amr.workflow.launch.declared import (
    list_files,
    test_values,
    train_values,
)
from projects.amr.workflow.launch.own_classes import fit_class_file

RUN_KEY = 'run.json'
SUMMARY = 'test_summary.json'


class State(Enum):
    """Work left for an experiment and a seed."""

    DONE = 'done'
    TRAIN = 'to be trained and tested'
    RESUME = 'to be resumed from its last checkpoint, then tested'
    TEST = "to be tested with its parent's checkpoint"
    CHANGED = 'made from other values: to be kept as seed<k>.old and re-run'
    FOREIGN = f'has results without a {RUN_KEY}: only --collect-only reads it'


class Grid:
    """Experiments and seeds in a work dir.

    Runs go to ``<work_dir>/<stem of the experiment>/seed<k>``. A finished run
    of the same config is kept; an interrupted one resumes from its last
    checkpoint. One whose training has other values is moved aside and starts
    again; other values of the test alone repeat the test. Lists of images
    and label files count as values, images do not. Experiments whose
    checkpoints are needed are added.

    ``train_options`` are further flags of tools/train.py, ``cfg_options``
    ``key=value`` overrides of all configs. Raises UserError if two experiments
    would share a folder. A run that fails does not stop the others.
    """

    def __init__(
        self,
        experiments: Sequence[Experiment],
        seeds: Sequence[int],
        work_dir: Path,
        train_options: Sequence[str] = (),
        cfg_options: Sequence[str] = (),
    ):
        self.experiments = parents_first(experiments)
        self.seeds = tuple(seeds)
        self.work_dir = Path(work_dir)
        self.train_options = list(train_options)
        self.cfg_options = list(cfg_options)
        self.reporter = Reporter()
        self._keys: dict[Experiment, dict[str, str]] = {}

    def run(self) -> list[UserError]:
        """Run what is not finished, each tool in a process of its own.

        Returns the errors of runs that failed, which name their logs. Raises
        UserError if a folder holds results that were not made here.
        """
        cells = [
            (experiment, seed, self.state(experiment, seed))
            for seed in self.seeds
            for experiment in self.experiments
        ]
        for experiment, seed, state in cells:
            if state is State.FOREIGN:
                raise UserError(
                    f'{self.folder(experiment, seed)} {state.value}; choose '
                    'another --work-dir to run it'
                )
        failed = []
        for number, (experiment, seed, state) in enumerate(cells, 1):
            head = f'[{number}/{len(cells)}] {experiment.stem}, seed {seed}'
            if state is State.DONE:
                self.reporter.step(f'{head}: finished before')
                continue
            self.reporter.step(f'{head}: {state.value}')
            try:
                self._run_cell(experiment, seed)
            except UserError as error:
                self.reporter.step(f'{error}\n{head}: failed')
                failed.append(error)
        return failed

    def state(self, experiment: Experiment, seed: int) -> State:
        """Say what is to be done for an experiment and a seed."""
        folder = self.folder(experiment, seed)
        path = folder / RUN_KEY
        trains = experiment.weights_of is None
        start = State.TRAIN if trains else State.TEST
        if not path.is_file():
            own = (folder / SUMMARY, folder / LAST, *folder.glob('*.pth'))
            made = any(file.is_file() for file in own)
            return State.FOREIGN if made else start
        noted, keys = _noted(folder), self._key(experiment)
        if noted.get('train') != keys['train']:
            return State.CHANGED
        if noted == keys and (folder / SUMMARY).is_file():
            return State.DONE
        return State.RESUME if trains and last_checkpoint(folder) else start

    def folder(self, experiment: Experiment, seed: int) -> Path:
        """Folder of a run."""
        return self.work_dir / experiment.stem / f'seed{seed}'

    def _run_cell(self, experiment, seed: int) -> None:
        """Train and test, as the only process in the folder."""
        folder = self.folder(experiment, seed)
        with work_dir_lock(folder.parent, f'.{folder.name}.lock'):
            old = folder.with_name(f'{folder.name}.old')
            state, key = self.state(experiment, seed), self._key(experiment)
            if state is State.CHANGED and _noted(old) == key:
                bring_back(folder, old)
                state = self.state(experiment, seed)
            if state is State.DONE:  # or by another grid, in the meantime
                return
            if state is State.CHANGED:
                set_aside(folder, old, lambda f: (f / SUMMARY).is_file())
            folder.mkdir(parents=True, exist_ok=True)
            # Without a summary until the test of these values has ended.
            (folder / SUMMARY).unlink(missing_ok=True)
            write_json(folder / RUN_KEY, key)
            self._train_and_test(experiment, seed, folder)

    def _train_and_test(self, experiment, seed, folder) -> None:
        options = [*self.cfg_options, *experiment.options]
        options += [
            f'{key}={self._checkpoint(parent, seed).resolve()}'
            for key, parent in experiment.starts_from
        ]
        options.append(f'randomness.seed={seed}')
        common = ['--work-dir', folder, '--cfg-options', *options]
        if experiment.weights_of is None:
            resume = ['--resume'] if last_checkpoint(folder) else []
            train = [experiment.config, *self.train_options, *resume, *common]
            call_tool('train.py', train, folder / 'train.log', self.reporter)
        weights = self._checkpoint(experiment.weights_of or experiment, seed)
        test = [experiment.config, weights, *common]
        call_tool('test.py', test, folder / 'test.log', self.reporter)

    def _checkpoint(self, experiment: Experiment, seed: int) -> Path:
        folder = self.folder(experiment, seed)
        found = last_checkpoint(folder)
        if found is None or not found.is_file():
            raise UserError(
                f'{folder} has no checkpoint, and it is needed: remove '
                f'{folder / SUMMARY} to train it again'
            )
        return found

    def _key(self, experiment: Experiment) -> dict[str, str]:
        """Digests of what the weights and what the test are made from."""
        if experiment not in self._keys:
            words = [*self.cfg_options, *experiment.options]
            cfg = read_config(experiment.config)
            apply_cfg_options(cfg, read_cfg_options(words))
            fit_class_file(cfg)
            parents = [self._key(e)['train'] for e in experiment.parents]
            starts = [key for key, _ in experiment.starts_from]
            train, test = (
                [file_digest(path) for path in list_files(cfg, role)]
                for role in ('train', 'test')
            )
            own = [train_values(cfg), self.train_options, starts, train]
            self._keys[experiment] = {
                'train': config_digest(
                    [parents, [] if experiment.weights_of else own]
                ),
                'test': config_digest([test_values(cfg, False), test]),
            }
        return self._keys[experiment]


def _noted(folder: Path) -> dict[str, str]:
    """Key of a folder's run; {} if it is missing or damaged."""
    try:
        return dict(json.loads((folder / RUN_KEY).read_text()))
    except (OSError, TypeError, ValueError):
        return {}
