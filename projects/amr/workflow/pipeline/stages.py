"""The stages of a pipeline config, and how they refer to each other."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import near_files
from projects.amr.runtime.processes.tool_process import ROOT
from projects.amr.workflow.pipeline.overrides import (
    hint,
    require_form,
    use_stage_overrides,
)

REFERENCE = re.compile(r'\{(\w[\w-]*)\.([\w-]+)\}')
# What each kind of stage must have.
KINDS = {
    'train': ('config',),
    'test': ('config', 'checkpoint'),
    'tool': ('tool',),
}
# Of a stage's entries; a tool has a dict of outputs.
_FORMS = {
    'arguments': list,
    'outputs': list,
    'inputs': list,
    'env': dict,
    'cfg_options': dict,
}
# Folders that a training or a test leaves in its work dir, by output.
OUTPUTS = {
    'train': ('accumulated_cams',),
    'test': ('cams', 'labels', 'boundaries', 'strips'),
}


@dataclass(frozen=True)
class Stage:
    """One step of a pipeline: one of our tools, run as its own process.

    Strings may refer to outputs of earlier stages: ``{seeds.labels}`` is the
    output ``labels`` of the stage ``seeds``, ``{cam_train.checkpoint}`` the
    last checkpoint of a training, ``{stage}`` the stage's own folder.
    """

    name: str  # name, and its folder under the work dir
    kind: str  # ``'train'``, ``'test'`` or ``'tool'``
    # Config file of a training or test, relative to the working folder or else
    # to the repository.
    config: str = ''
    checkpoint: str = ''  # of a test by ``test.py``
    # File under ``tools/`` of a tool stage, or of a test that another tool
    # than ``test.py`` runs.
    tool: str = ''
    # Command line of a tool, or further flags of a training or test.
    arguments: tuple[str, ...] = ()
    # Path by name; a training has ``checkpoint``.
    outputs: dict[str, str] = field(default_factory=dict)
    # Files and folders that a tool reads and no earlier stage makes; a
    # training's and a test's are found in their configs.
    inputs: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)  # environment variables
    cfg_options: dict = field(default_factory=dict)  # overrides of the config
    summary: str = ''  # JSON file with a tool's figures

    @property
    def loaders(self) -> tuple[str, ...]:
        """Data loaders of its config that are used."""
        return ('train', 'val') if self.kind == 'train' else ('test',)

    def references(self) -> list[tuple[str, str]]:
        """Earlier outputs that it names, as (stage, output), each once."""
        texts = (
            self.checkpoint,
            *self.arguments,
            *self.inputs,
            *self.env.values(),
            *map(str, self.cfg_options.values()),
        )
        found = [pair for text in texts for pair in REFERENCE.findall(text)]
        return list(dict.fromkeys(found))


def read_stages(cfg: Config) -> list[Stage]:
    """Read and check a pipeline config's ``stages``, overrides applied.

    Raises UserError if there are none, a key, kind, config or tool
    is unknown, an entry is no list or dict, a name occurs twice, a stage
    refers to one that does not come before it, or ``roles`` or ``headline`` to
    one that does not exist.
    """
    use_stage_overrides(cfg)
    where = cfg.filename
    if not cfg.get('stages'):
        raise UserError(
            f'{where} has no `stages`: a pipeline config lists them, see '
            'configs/pipelines'
        )
    stages, outputs = [], {}
    for number, entry in enumerate(cfg.stages, 1):
        stage = _read_stage(entry, f'{where}, stage {number}')
        if stage.name in outputs:
            raise UserError(f'{where}: two stages are called {stage.name!r}')
        who = f'{where}: stage {stage.name!r}'
        _check_references(who, stage.references(), outputs)
        outputs[stage.name] = tuple(stage.outputs)
        stages.append(stage)
    # Read after all stages have run, which is too late for an error.
    for role, text in (cfg.get('roles') or {}).items():
        found = REFERENCE.findall(str(text))
        _check_references(f'{where}: role {role!r}', found, outputs)
    for entry in cfg.get('headline') or []:
        if entry['stage'] not in outputs:
            raise UserError(
                f'{where}: headline {entry["label"]!r} names the unknown '
                f'stage {entry["stage"]!r}{hint(entry["stage"], outputs)}'
            )
    return stages


def choose(
    stages: list[Stage], first: str | None = None, last: str | None = None
) -> list[Stage]:
    """Part of a pipeline, from the first to the last name, both included.

    Raises UserError if a name is unknown or the last comes before
    the first.
    """
    names = [stage.name for stage in stages]
    for name in (first, last):
        if name is not None and name not in names:
            raise UserError(f'no stage is called {name!r}{hint(name, names)}')
    start = names.index(first) if first else 0
    stop = names.index(last) + 1 if last else len(names)
    if stop <= start:
        raise UserError(f'stage {last!r} comes before {first!r}')
    return stages[start:stop]


def _check_references(who: str, references, outputs: dict) -> None:
    known = [f'{s}.{o}' for s, many in outputs.items() for o in many]
    for reference in map('.'.join, references):
        if reference not in known:
            raise UserError(
                f'{who} refers to {{{reference}}}, which no earlier stage '
                f'makes{hint(reference, known)}'
            )


def _read_stage(entry: dict, where: str) -> Stage:
    known = list(Stage.__dataclass_fields__)
    for key in entry:
        if key not in known:
            raise UserError(f'{where}: unknown key {key!r}{hint(key, known)}')
    name, kind = entry.get('name'), entry.get('kind')
    if not re.fullmatch(r'\w[\w-]*', str(name or '')):
        raise UserError(
            f'{where}: `name` must be a word, it is a folder too; got {name!r}'
        )
    where = f'{where} ({name})'
    if kind not in KINDS:
        raise UserError(
            f'{where}: `kind` must be one of {", ".join(KINDS)}, got {kind!r}'
        )
    needed = KINDS[kind]
    if kind == 'test' and entry.get('tool'):
        needed = ('config',)
    own = ('config', 'cfg_options', 'checkpoint')
    if kind == 'tool' and any(map(entry.get, own)):
        raise UserError(
            f'{where}: a tool has no `config`, `cfg_options` or `checkpoint`; '
            "give it `arguments`, or make it a kind='test' with this `tool`"
        )
    for key in needed:
        if not entry.get(key):
            raise UserError(f'{where}: a {kind} needs `{key}`')
    forms = {**_FORMS, 'outputs': dict} if kind == 'tool' else _FORMS
    given = {key: entry.get(key) or form() for key, form in forms.items()}
    for key, form in forms.items():
        require_form(f'{where}: `{key}`', given[key], form)
    return Stage(
        name=name,
        kind=kind,
        config=_find_config(where, entry),
        checkpoint=str(entry.get('checkpoint', '')),
        tool=str(entry.get('tool', '')),
        arguments=tuple(map(str, given['arguments'])),
        outputs=_outputs(where, kind, given['outputs']),
        inputs=tuple(map(str, given['inputs'])),
        env={key: str(value) for key, value in given['env'].items()},
        cfg_options=dict(given['cfg_options']),
        summary=str(entry.get('summary', '')),
    )


def _outputs(where: str, kind: str, value) -> dict[str, str]:
    if kind == 'tool':
        return {name: str(path) for name, path in value.items()}
    for name in value:
        if name not in OUTPUTS[kind]:
            raise UserError(
                f'{where}: unknown output {name!r} of a {kind}'
                f'{hint(name, OUTPUTS[kind])}'
            )
    found = {name: f'{{stage}}/{name}' for name in value}
    if kind == 'train':
        found['checkpoint'] = '{stage}/last_checkpoint'
    return found


def _find_config(where: str, entry: dict) -> str:
    """The config of a stage; refuses a missing one, and a missing tool.

    A config that is not under the working folder is looked for in the
    repository, so that its own pipelines run from anywhere.
    """
    config = str(entry.get('config', ''))
    if config and not Path(config).is_file() and (ROOT / config).is_file():
        return str(ROOT / config)
    path = Path(config or ROOT / 'tools' / entry['tool'])
    if not path.is_file():
        raise UserError(f'{where}: file not found: {path}{near_files(path)}')
    return config
