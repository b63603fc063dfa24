"""A stage with its references filled in: paths, config, declared values."""

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.config import Config

from projects.amr.datasets.voc.voc_weak_label import VOC_FOLDERS
from projects.amr.errors import UserError
from projects.amr.runtime.checkpoints.pretrained import find_pretrained
from projects.amr.runtime.checkpoints.resume import last_checkpoint
from projects.amr.workflow.launch.loader_workers import keeps_workers
from projects.amr.workflow.launch.tool_setup import load_config
from projects.amr.workflow.pipeline.declared import (
    argument_values,
    flatten,
    test_values,
    train_values,
)
from projects.amr.workflow.pipeline.digests import DigestCache, listing_digest
from projects.amr.workflow.pipeline.stage import REFERENCE, Stage


class MissingOutputError(UserError):
    """An output that a stage needs is not there."""


@dataclass
class Workspace:
    """Where a pipeline works and what it knows.

    Args:
        work_dir (Path): Absolute folder; each stage has one in it.
        stages (list[Stage]): In order.
        digests (DigestCache): Of files.
        seed (int, optional): Training seed of all stages. Defaults to None:
            those of the configs.
        random_init (bool): Whether ``--no-pretrained`` was given. Defaults to
            False.
        cfg_options (dict, optional): Overrides of every config. Defaults to
            none.
    """

    work_dir: Path
    stages: list[Stage]
    digests: DigestCache
    seed: int | None = None
    random_init: bool = False
    cfg_options: dict | None = None

    def folder(self, name: str) -> Path:
        """A stage's folder."""
        return self.work_dir / name

    def output(self, stage: str, name: str) -> Path:
        """Path of an output, whether it is there or not."""
        template = next(
            s.outputs[name] for s in self.stages if s.name == stage
        )
        path = Path(self.fill(template, stage))
        if name != 'checkpoint' or not path.is_file():
            return path
        return last_checkpoint(path.parent) or path

    def fill(self, text: str, stage: str) -> str:
        """Fill in a text's references."""
        text = text.replace('{stage}', str(self.folder(stage)))
        text = text.replace('{work_dir}', str(self.work_dir))
        return REFERENCE.sub(lambda m: str(self.output(*m.groups())), text)


def pipeline_work_dir(cfg: Config, given: str | None = None) -> Path:
    """Folder of a pipeline's outputs.

    Args:
        cfg (Config): The pipeline config.
        given (str, optional): That of the command line. Defaults to None:
            the config's ``work_dir``, or ``work_dirs/<name>``.

    Returns:
        Path: Absolute.
    """
    name = cfg.get('name') or Path(cfg.filename).stem
    default = cfg.get('work_dir') or Path('work_dirs') / name
    return Path(given or default).absolute()


@dataclass
class StageContext:
    """One stage, ready to be compared or run.

    Args:
        stage (Stage): The stage.
        space (Workspace): Its pipeline.
    """

    stage: Stage
    space: Workspace

    def __post_init__(self):
        fill = self.fill
        self.folder = self.space.folder(self.stage.name)
        self.env = {k: fill(v) for k, v in self.stage.env.items()}
        self.arguments = [fill(text) for text in self.stage.arguments]
        self.cfg = self._read_config() if self.stage.config else None

    @property
    def outputs(self) -> dict[str, Path]:
        """Path of each output; a checkpoint's is known after training."""
        return {
            name: self.space.output(self.stage.name, name)
            for name in self.stage.outputs
        }

    def fill(self, value):
        """Fill in a value's references."""
        if isinstance(value, str):
            return self.space.fill(value, self.stage.name)
        return value

    def _read_config(self) -> Config:
        """Resolve the stage's config in the stage's environment."""
        options = {
            **(self.space.cfg_options or {}),
            **{k: self.fill(v) for k, v in self.stage.cfg_options.items()},
        }
        if self.space.seed is not None:
            options['randomness.seed'] = self.space.seed
        args = Namespace(
            config=self.stage.config,
            cfg_options=options,
            launcher='none',
            work_dir=str(self.folder),
            local_rank=0,
        )
        with _environment(self.env):
            cfg = load_config(args)
        cfg.keep_workers = keeps_workers(cfg, options)
        return cfg

    def declared(self) -> dict:
        """Flat declared values, free of the work dir's own place."""
        if self.stage.kind == 'train':
            values = train_values(self.cfg)
            values['no_pretrained'] = self.space.random_init
        elif self.stage.kind == 'test':
            values = test_values(self.cfg)
            values['flags'] = argument_values(self.arguments)
            if self.stage.tool:
                values['tool'] = self.stage.tool
        else:
            values = argument_values(self.arguments)
            values['tool'] = self.stage.tool
        root = str(self.space.work_dir)
        return {
            key: _plain(value, root) for key, value in flatten(values).items()
        }

    def inputs(self) -> dict[str, str]:
        """Digest of everything that the stage reads, by name.

        Raises:
            MissingOutputError: If an earlier stage's output is missing.
        """
        found = {}
        for name, output in self.stage.references():
            path = self.space.output(name, output)
            digest = self.space.digests.content(path)
            if not digest:
                raise MissingOutputError(
                    f'stage {self.stage.name!r} needs {path}, the '
                    f'{output} of stage {name!r}: run that stage first '
                    f'(--from {name})'
                )
            found[f'{name}.{output}'] = digest
        for text in self.stage.inputs:
            path = self.fill(text)
            found[self.name_of(path)] = self.space.digests.content(path)
        if self.cfg is not None:
            found.update(self._config_inputs())
        return found

    def name_of(self, path: str | Path) -> str:
        """Name of an input, free of the work dir's own place.

        Args:
            path (str | Path): A path, or a name that begins with one.

        Returns:
            str: With ``{work_dir}`` where it lies in it.
        """
        root = f'{self.space.work_dir}/'
        text = str(path)
        if not text.startswith(root):
            return text
        return f'{{work_dir}}/{text.removeprefix(root)}'

    def _config_inputs(self) -> dict[str, str]:
        """Digests of the lists, folders and weights that a config names."""
        kind = self.stage.kind
        found = {}
        dataset = self.cfg.get(f'{kind}_dataloader', {}).get('dataset', {})
        for path in _dataset_files(dataset):
            found[self.name_of(path)] = self.space.digests.file(path)
        for path in _dataset_folders(dataset):
            if not path.is_relative_to(self.space.work_dir):
                found[f'{path} (names and sizes)'] = listing_digest(path)
        if kind == 'train' and self.cfg.get('load_from'):
            path = self.cfg.load_from
            found['load_from'] = self.space.digests.file(path)
        if kind == 'train' and not self.space.random_init:
            for key, source in find_pretrained(self.cfg.model.to_dict()):
                digest = self.space.digests.file(source)
                if digest:
                    found[f'{key} (initial weights)'] = digest
        return found

    def output_digests(self) -> dict[str, dict[str, str]]:
        """Digests of the files of each output."""
        found = {}
        for name, path in self.outputs.items():
            if path.is_dir():
                found[name] = self.space.digests.folder(path)
            else:
                digest = self.space.digests.file(path)
                found[name] = {path.name: digest} if digest else {}
        return found


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def _plain(value, root: str):
    """A value that JSON keeps as it is."""
    if isinstance(value, str):
        return value.replace(root, '{work_dir}')
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return repr(value).replace(root, '{work_dir}')


def _dataset_files(dataset: dict) -> list[Path]:
    """Lists and label files that a dataset config names."""
    root = Path(dataset.get('data_root') or '')
    names = [dataset.get('ann_file'), dataset.get('label_file')]
    return [root / name for name in names if name]


def _dataset_folders(dataset: dict) -> list[Path]:
    """Folders that a dataset config names or takes by default."""
    root = Path(dataset.get('data_root') or '')
    folders = {**VOC_FOLDERS, **dataset.get('data_prefix', {})}
    return [(root / name).absolute() for name in folders.values() if name]
