"""A pipeline's folders, and its stages with all references filled in."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import numpy as np
from mmengine.config import Config

from projects.amr.datasets.transforms.stage_outputs import INPUT_PLACES
from projects.amr.errors import UserError
from projects.amr.runtime.checkpoints.pretrained import find_pretrained
from projects.amr.runtime.checkpoints.resume import last_checkpoint
from projects.amr.runtime.config.config_reading import (
    apply_cfg_options,
    read_config,
)
from projects.amr.workflow.launch.config_agreement import keeps_workers
from projects.amr.workflow.launch.declared import (
    argument_values,
    data_folders,
    flatten,
    list_files,
    test_values,
    train_values,
)
from projects.amr.workflow.launch.own_classes import datasets_of
from projects.amr.workflow.launch.tool_setup import resolve_config
from projects.amr.workflow.pipeline.own_data import use_own_data
from projects.amr.workflow.pipeline.records import DigestCache, listing_digest
from projects.amr.workflow.pipeline.stages import (
    REFERENCE,
    Stage,
    read_stages,
)

OWN_KEYS = ('own_data', 'stage_overrides')  # read of the pipeline's config


class MissingOutputError(UserError):
    """An output that a stage needs does not exist."""


@dataclass
class Workspace:
    """A pipeline's stages, folders and options."""

    work_dir: Path  # absolute folder; each stage has one in it
    stages: list[Stage]  # in order
    # Training seed of all stages. None: those of the configs.
    seed: int | None = None
    random_init: bool = False  # whether ``--no-pretrained`` was given
    cfg_options: dict | None = None  # overrides of every config
    cfg: Config = field(default_factory=Config)  # the pipeline's config

    def __post_init__(self):
        self.digests = DigestCache(self.work_dir / '.digests.json')

    def folder(self, name: str) -> Path:
        """A stage's folder."""
        return self.work_dir / name

    def output(self, stage: str, name: str) -> Path:
        """Path of an output, whether it exists or not."""
        template = next(
            s.outputs[name] for s in self.stages if s.name == stage
        )
        path = Path(self.fill(template, stage))
        if name != 'checkpoint' or not path.is_file():
            return path
        return last_checkpoint(path.parent) or path

    def fill(self, text: str, stage: str = '') -> str:
        """Fill in a text's references."""
        text = text.replace('{stage}', str(self.folder(stage)))
        text = text.replace('{work_dir}', str(self.work_dir))
        return REFERENCE.sub(lambda m: str(self.output(*m.groups())), text)


def read_pipeline(
    path: str | Path,
    work_dir: str | Path | None = None,
    seed: int | None = None,
    random_init: bool = False,
    cfg_options: dict | None = None,
) -> Workspace:
    """Read a pipeline config, with the import of own photos put first.

    ``work_dir`` and ``seed`` come before the config's; without any, the folder
    is ``work_dirs/<name>``. ``cfg_options`` are overrides of every training
    and test config; those of ``own_data`` and ``stage_overrides`` of the
    pipeline's. Raises UserError if the config cannot be read or breaks a rule.
    """
    cfg = read_config(path)
    options = cfg_options or {}
    own = {k: v for k, v in options.items() if k.split('.')[0] in OWN_KEYS}
    apply_cfg_options(cfg, own)
    use_own_data(cfg)
    stages = read_stages(cfg)
    default = cfg.get('work_dir') or Path('work_dirs', pipeline_name(cfg))
    return Workspace(
        Path(work_dir or default).absolute(),
        stages,
        cfg.get('seed') if seed is None else seed,
        random_init,
        {k: v for k, v in options.items() if k not in own},
        cfg,
    )


def pipeline_name(cfg: Config) -> str:
    """A pipeline's name: the config's ``name``, or its file's."""
    return cfg.get('name') or Path(cfg.filename).stem


@dataclass
class StageContext:
    """One stage of a pipeline, ready to be compared or run."""

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
        """Fill in the references of a text; other values are returned."""
        if isinstance(value, str):
            return self.space.fill(value, self.stage.name)
        return value

    def _read_config(self) -> Config:
        """Resolve the stage's config in the stage's environment."""
        own = self.stage.cfg_options.items()
        options = {k: self.fill(v) for k, v in own}
        options.update(self.space.cfg_options or {})  # the user's come last
        if self.space.seed is not None:
            options['randomness.seed'] = self.space.seed
        with patch.dict(os.environ, self.env):
            cfg = resolve_config(self.stage.config, options)
        cfg.work_dir = str(self.folder)
        cfg.keep_workers = keeps_workers(cfg, options)
        return cfg

    def declared(self) -> dict:
        """Flat declared values, independent of where the work dir is."""
        if self.stage.kind == 'train':
            values = train_values(self.cfg)
            values['no_pretrained'] = self.space.random_init
            if self.arguments:
                values['flags'] = argument_values(self.arguments)
        elif self.stage.kind == 'test':
            values = test_values(self.cfg, '--tta' in self.arguments)
            values['flags'] = argument_values(self.arguments)
        else:
            values = argument_values(self.arguments)
            if self.env:
                values['env'] = self.env
        if self.stage.tool:
            values['tool'] = self.stage.tool
        root = str(self.space.work_dir)
        return {k: _plain(v, root) for k, v in flatten(values).items()}

    def inputs(self) -> dict[str, str]:
        """Digest of everything that the stage reads, by name.

        Raises MissingOutputError if an earlier stage's output is missing.
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
        checkpoint = self.stage.checkpoint
        given = [] if REFERENCE.search(checkpoint) else [checkpoint]
        for text in filter(None, (*self.stage.inputs, *given)):
            path = self.fill(text)
            found[self.name_of(path)] = self.space.digests.content(path)
        if self.cfg is not None:
            found.update(self._config_inputs())
        return found

    def name_of(self, path: str | Path) -> str:
        """Name of an input, independent of where the work dir is."""
        text, root = str(path), f'{self.space.work_dir}/'
        inside = text.startswith(root)
        return f'{{work_dir}}/{text[len(root) :]}' if inside else text

    def _config_inputs(self) -> dict[str, str]:
        digest, found = self.space.digests.file, {}
        for path in list_files(self.cfg, self.stage.kind):
            found[self.name_of(path)] = digest(path)
        for dataset in datasets_of(self.cfg, self.stage.kind):
            found.update(self._data_inputs(dataset))
        if self.stage.kind != 'train':
            return found
        if self.cfg.get('load_from'):
            found['load_from'] = digest(self.cfg.load_from)
        if not self.space.random_init:
            for key, source in find_pretrained(self.cfg.model.to_dict()):
                if digest(source):
                    found[f'{key} (initial weights)'] = digest(source)
        return found

    def _data_inputs(self, dataset: dict) -> dict[str, str]:
        """Digests of a dataset's folders."""
        digests, found = self.space.digests, {}
        scored = self.stage.kind == 'test'
        for key, folder in data_folders(dataset, scored).items():
            path = folder.absolute()
            if path.is_relative_to(self.space.work_dir):
                continue
            if key == 'xml_path':  # a label has few bytes
                found[str(path)] = digests.content(path)
            else:
                found[f'{path} (names and sizes)'] = listing_digest(path)
        steps = dataset.get('pipeline') or ()
        given = (s[key] for s in steps for key in INPUT_PLACES if s.get(key))
        for path in map(Path.absolute, map(Path, given)):
            if not path.is_relative_to(self.space.work_dir):
                found[str(path)] = digests.content(path)
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


def _plain(value, root: str):
    """A value that JSON keeps as it is."""
    if isinstance(value, str):
        return value.replace(root, '{work_dir}')
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return repr(value).replace(root, '{work_dir}')
