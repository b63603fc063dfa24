"""Trains and tests experiments over seeds: what is left, in order."""

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from projects.amr.errors import UserError
from projects.amr.runtime.checkpoints.resume import LAST, last_checkpoint
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.runtime.files.fingerprint import config_digest
from projects.amr.runtime.files.progress import Reporter
from projects.amr.runtime.processes.tool_process import call_tool
from projects.amr.runtime.processes.work_dir_lock import work_dir_lock
from projects.amr.workflow.ablation.plan import (
    in_words,
    parents_first,
    time_left,
)
from projects.amr.workflow.ablation.results import SUMMARY, collect
from projects.amr.workflow.ablation.spec import Experiment

RUN_KEY = 'run.json'


class State(Enum):
    """What is to be done for an experiment and a seed."""

    DONE = 'done'
    TRAIN = 'to be trained and tested'
    RESUME = 'to go on from its last checkpoint, then to be tested'
    TEST = "to be tested with its parent's checkpoint"
    ANEW = 'made from other values: to be deleted and run anew'
    FOREIGN = f'has results without a {RUN_KEY}: only --collect-only reads it'


class Grid:
    """Experiments and seeds in a work dir.

    Runs go to ``<work_dir>/<stem of the experiment>/seed<k>``. A finished
    run of the same config is kept; an interrupted one resumes from its last
    checkpoint; one of a changed config starts again.

    Args:
        experiments (Sequence[Experiment]): What is wanted. Configs whose
            checkpoints they need are added.
        seeds (Sequence[int]): Training seeds.
        work_dir (Path): See above.
        train_options (Sequence[str]): Further flags of tools/train.py.
            Defaults to ().
        cfg_options (Sequence[str]): ``key=value`` overrides of all configs.
            Defaults to ().

    Raises:
        UserError: If two configs would share a folder, or need each other.
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
        self._by_config = {
            e.config: e for e in self.experiments if not e.options
        }
        self._configs: dict[Experiment, dict] = {}

    def run(self, reporter: Reporter | None = None) -> None:
        """Run what is not finished, each tool in a process of its own.

        Args:
            reporter (Reporter, optional): Tells the progress. Defaults to
                one on standard output.

        Raises:
            UserError: If a process fails, the message names its log; or if a
                folder holds results that were not made here.
        """
        reporter = reporter or Reporter()
        cells = [(e, seed) for seed in self.seeds for e in self.experiments]
        states = [self.state(*cell) for cell in cells]
        for cell, state in zip(cells, states, strict=True):
            if state is State.FOREIGN:
                raise UserError(
                    f'{self.folder(*cell)} {state.value}; choose another '
                    '--work-dir to run it'
                )
        ahead = [
            _trains(experiment)
            for (experiment, _), state in zip(cells, states, strict=True)
            if state is not State.DONE
        ]
        spent: dict[bool, list[float]] = {True: [], False: []}
        for number, ((experiment, seed), state) in enumerate(
            zip(cells, states, strict=True), 1
        ):
            head = f'[{number}/{len(cells)}] {experiment.stem}, seed {seed}'
            if state is State.DONE:
                reporter.step(f'{head}: finished before')
                continue
            left = time_left(ahead, spent)
            reporter.step(f'{head}: {state.value}{in_words(left)}')
            began = time.monotonic()
            self._run_cell(experiment, seed, reporter)
            spent[ahead.pop(0)].append(time.monotonic() - began)

    def state(self, experiment: Experiment, seed: int) -> State:
        """Say what is to be done for an experiment and a seed."""
        folder = self.folder(experiment, seed)
        path = folder / RUN_KEY
        if not path.is_file():
            own = (folder / SUMMARY, folder / LAST, *folder.glob('*.pth'))
            made = any(file.is_file() for file in own)
            return State.FOREIGN if made else _start(experiment)
        if json.loads(path.read_text())['key'] != self._key(experiment, seed):
            return State.ANEW
        if (folder / SUMMARY).is_file():
            return State.DONE
        resumes = _trains(experiment) and last_checkpoint(folder)
        return State.RESUME if resumes else _start(experiment)

    def explain(self) -> list[tuple[Experiment, dict[str, list[int]]]]:
        """Say what :meth:`run` would do, and do nothing.

        Returns:
            list[tuple[Experiment, dict[str, list[int]]]]: In the order of
            running: seeds by what is to be done.
        """
        lines = []
        for experiment in self.experiments:
            seeds: dict[str, list[int]] = {}
            for seed in self.seeds:
                state = self.state(experiment, seed)
                seeds.setdefault(state.value, []).append(seed)
            lines.append((experiment, seeds))
        return lines

    def finished(self, experiments: Iterable[Experiment]) -> dict:
        """Results of runs that are not of the grid but share its values.

        Args:
            experiments (Iterable[Experiment]): Which.

        Returns:
            dict[str, dict[int, dict]]: As from :func:`collect`; seeds that
            are not finished, or were made from other values, are left out.
        """
        return {
            experiment.stem: collect(
                [experiment],
                self.work_dir,
                [
                    seed
                    for seed in self.seeds
                    if self.state(experiment, seed) is State.DONE
                ],
            )[experiment.stem]
            for experiment in experiments
        }

    def folder(self, experiment: Experiment, seed: int) -> Path:
        """Folder of a run."""
        return self.work_dir / experiment.stem / f'seed{seed}'

    def _run_cell(self, experiment, seed: int, reporter) -> None:
        """Train and test, as the only process in the folder."""
        folder = self.folder(experiment, seed)
        with work_dir_lock(folder.parent, f'.{folder.name}.lock'):
            state = self.state(experiment, seed)
            if state is State.DONE:  # by another grid, in the meantime
                return
            if state is State.ANEW:
                shutil.rmtree(folder)
            folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(folder / RUN_KEY) as file:
                key = {'key': self._key(experiment, seed)}
                file.write(json.dumps(key).encode())
            self._train_and_test(experiment, seed, folder, reporter)

    def _train_and_test(self, experiment, seed, folder, reporter) -> None:
        """Run the tools of one grid point."""
        options = [*self.cfg_options, *experiment.options]
        options.append(f'randomness.seed={seed}')
        common = ['--work-dir', folder, '--cfg-options', *options]
        env = dict(os.environ)
        for name, config in experiment.starts_from:
            env[name] = str(self._checkpoint(config.stem, seed).resolve())
        weights = experiment.weights_of
        if weights is None:
            resume = ['--resume'] if last_checkpoint(folder) else []
            train = [experiment.config, *self.train_options, *resume, *common]
            call_tool('train.py', train, folder / 'train.log', reporter, env)
            checkpoint = self._checkpoint(experiment.stem, seed)
        else:
            checkpoint = self._checkpoint(weights.stem, seed)
        test = [experiment.config, checkpoint, *common]
        call_tool('test.py', test, folder / 'test.log', reporter, env)

    def _checkpoint(self, stem: str, seed: int) -> Path:
        """Last checkpoint of an experiment's training."""
        folder = self.work_dir / stem / f'seed{seed}'
        found = last_checkpoint(folder)
        if found is None or not found.is_file():
            raise UserError(
                f'{folder} has no checkpoint (any more), and it is needed: '
                f'remove {folder / SUMMARY} to train it again'
            )
        return found

    def _key(self, experiment: Experiment, seed: int) -> str:
        """Digest of all that a run is made from."""
        more = [seed, sorted([*self.cfg_options, *experiment.options]), '']
        if self.train_options:
            more.append(self.train_options)
        more += [
            self._key(self._by_config.get(c, Experiment(c)), seed)
            for c in experiment.parents
        ]
        return config_digest([self._resolved(experiment), more])

    def _resolved(self, experiment: Experiment) -> dict:
        """A config's content; checkpoints it starts from by their name."""
        if experiment not in self._configs:
            names = {k: c.stem for k, c in experiment.starts_from}
            with _environment(names):
                content = read_config(experiment.config).to_dict()
            self._configs[experiment] = content
        return self._configs[experiment]


def _trains(experiment: Experiment) -> bool:
    """Whether an experiment has a training of its own."""
    return experiment.weights_of is None


def _start(experiment: Experiment) -> State:
    """What a new run begins with."""
    return State.TRAIN if _trains(experiment) else State.TEST


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
