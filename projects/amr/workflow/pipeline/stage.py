"""What a pipeline config may say: stages, and how they refer to each other."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config

from projects.amr.runtime.config.config_faults import near_files
from projects.amr.runtime.processes.tool_process import ROOT
from projects.amr.workflow.pipeline.config_error import (
    PipelineConfigError,
    hint,
)
from projects.amr.workflow.pipeline.overrides import use_stage_overrides

KINDS = ('train', 'test', 'tool')
REFERENCE = re.compile(r'\{(\w+)\.(\w+)\}')
# Folders that a test leaves in its work dir, by the name they go by.
TEST_OUTPUTS = ('cams', 'labels', 'boundaries', 'strips')


@dataclass(frozen=True)
class Stage:
    """One step of a pipeline: a tool of ours, run in a process of its own.

    Strings may refer to what earlier stages made: ``{seeds.labels}`` is the
    output ``labels`` of the stage ``seeds``, ``{cam_train.checkpoint}`` the
    last checkpoint of a training, ``{stage}`` the stage's own folder.

    Args:
        name (str): Name, and its folder under the work dir.
        kind (str): ``'train'``, ``'test'`` or ``'tool'``.
        config (str): Config file of a training or test, as seen from the
            working folder or else from the repository. Defaults to ''.
        checkpoint (str): Of a test by ``test.py``. Defaults to ''.
        tool (str): File under ``tools/`` of a tool stage, or of a test that
            another tool than ``test.py`` runs. Defaults to ''.
        arguments (tuple[str, ...]): Command line of a tool, or further flags
            of a training or test. Defaults to ().
        outputs (dict[str, str]): Name and path of what is made; a training
            has ``checkpoint``. Defaults to none.
        inputs (tuple[str, ...]): Files and folders that the tool reads and
            no earlier stage made; a training's and a test's are found in
            their configs. Defaults to ().
        env (dict[str, str]): Environment variables of the tool. Defaults to
            none.
        cfg_options (dict): Overrides of the config. Defaults to none.
        summary (str): JSON file with a tool's figures. Defaults to ''.
    """

    name: str
    kind: str
    config: str = ''
    checkpoint: str = ''
    tool: str = ''
    arguments: tuple[str, ...] = ()
    outputs: dict[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    cfg_options: dict = field(default_factory=dict)
    summary: str = ''

    def references(self) -> list[tuple[str, str]]:
        """Earlier outputs this stage names, as (stage, output)."""
        texts = [
            self.checkpoint,
            *self.arguments,
            *self.inputs,
            *self.env.values(),
            *map(str, self.cfg_options.values()),
        ]
        found = [pair for text in texts for pair in REFERENCE.findall(text)]
        return list(dict.fromkeys(found))


def read_stages(cfg: Config) -> list[Stage]:
    """Read and check a pipeline's stages.

    Args:
        cfg (Config): With ``stages``, a list of dicts as :class:`Stage`.
            Its ``stage_overrides`` are carried out in place.

    Returns:
        list[Stage]: In order.

    Raises:
        PipelineConfigError: If there are none, a key, kind, config or tool is
            unknown, a name occurs twice, a stage refers to one that does not
            come before it, or ``roles`` or ``headline`` to one that is not
            there.
    """
    use_stage_overrides(cfg)
    if not cfg.get('stages'):
        raise PipelineConfigError(
            f'{cfg.filename} has no `stages`: a pipeline config lists them, '
            'see configs/pipelines'
        )
    stages, outputs = [], {}
    for number, entry in enumerate(cfg.stages, 1):
        stage = _read_stage(dict(entry), f'{cfg.filename}, stage {number}')
        if stage.name in outputs:
            raise PipelineConfigError(
                f'{cfg.filename}: two stages are called {stage.name!r}'
            )
        who = f'{cfg.filename}: stage {stage.name!r}'
        _check_references(who, stage.references(), outputs)
        outputs[stage.name] = tuple(stage.outputs)
        stages.append(stage)
    _check_summary(cfg, outputs)
    return stages


def choose(
    stages: list[Stage], first: str | None = None, last: str | None = None
) -> list[Stage]:
    """A stretch of a pipeline.

    Args:
        stages (list[Stage]): In order.
        first (str, optional): Name of its first stage. Defaults to None.
        last (str, optional): Name of its last stage. Defaults to None.

    Returns:
        list[Stage]: From the first to the last, both included.

    Raises:
        PipelineConfigError: If a name is unknown or the last comes before
            the first.
    """
    names = [stage.name for stage in stages]
    for name in (first, last):
        if name is not None and name not in names:
            raise PipelineConfigError(
                f'no stage is called {name!r}{hint(name, names)}'
            )
    start = names.index(first) if first else 0
    stop = names.index(last) + 1 if last else len(names)
    if stop <= start:
        raise PipelineConfigError(f'stage {last!r} comes before {first!r}')
    return stages[start:stop]


def _check_references(who: str, references, outputs: dict) -> None:
    """Refuse references to what no earlier stage makes."""
    known = [f'{s}.{o}' for s, many in outputs.items() for o in many]
    for reference in map('.'.join, references):
        if reference not in known:
            raise PipelineConfigError(
                f'{who} refers to {{{reference}}}, which no earlier stage '
                f'makes{hint(reference, known)}'
            )


def _check_summary(cfg: Config, outputs: dict) -> None:
    """Refuse roles and headline figures of stages that are not there.

    They are read when all stages have run, which is late to be told.
    """
    for role, text in dict(cfg.get('roles') or {}).items():
        found = REFERENCE.findall(str(text))
        _check_references(f'{cfg.filename}: role {role!r}', found, outputs)
    for entry in cfg.get('headline') or []:
        if entry['stage'] not in outputs:
            raise PipelineConfigError(
                f'{cfg.filename}: headline {entry["label"]!r} is of the stage '
                f'{entry["stage"]!r}, which is not there'
                f'{hint(entry["stage"], outputs)}'
            )


def _read_stage(entry: dict, where: str) -> Stage:
    """One stage of a config."""
    known = list(Stage.__dataclass_fields__)
    for key in entry:
        if key not in known:
            raise PipelineConfigError(
                f'{where}: unknown key {key!r}{hint(key, known)}'
            )
    if not re.fullmatch(r'\w[\w-]*', str(entry.get('name', ''))):
        raise PipelineConfigError(
            f'{where}: `name` must be a word, it is a folder too; got '
            f'{entry.get("name")!r}'
        )
    where = f'{where} ({entry["name"]})'
    kind = entry.get('kind')
    if kind not in KINDS:
        raise PipelineConfigError(
            f'{where}: `kind` must be one of {", ".join(KINDS)}, got {kind!r}'
        )
    needed = {'train': ['config'], 'test': ['config']}.get(kind, ['tool'])
    if kind == 'test' and not entry.get('tool'):
        needed = ['config', 'checkpoint']
    for key in needed:
        if not entry.get(key):
            raise PipelineConfigError(f'{where}: a {kind} needs `{key}`')
    config = _find_config(where, entry)
    return Stage(
        name=entry['name'],
        kind=kind,
        config=config,
        checkpoint=str(entry.get('checkpoint', '')),
        tool=str(entry.get('tool', '')),
        arguments=tuple(map(str, entry.get('arguments', ()))),
        outputs=_outputs(where, kind, entry.get('outputs', ())),
        inputs=tuple(map(str, entry.get('inputs', ()))),
        env={k: str(v) for k, v in dict(entry.get('env', {})).items()},
        cfg_options=dict(entry.get('cfg_options', {})),
        summary=str(entry.get('summary', '')),
    )


def _outputs(where: str, kind: str, value) -> dict[str, str]:
    """Outputs by name."""
    if kind == 'train':
        return {'checkpoint': '{stage}/last_checkpoint'}
    if kind == 'tool':
        return {name: str(path) for name, path in dict(value).items()}
    for name in value:
        if name not in TEST_OUTPUTS:
            raise PipelineConfigError(
                f'{where}: unknown output {name!r} of a test'
                f'{hint(name, TEST_OUTPUTS)}'
            )
    return {name: f'{{stage}}/{name}' for name in value}


def _find_config(where: str, entry: dict) -> str:
    """The config of a stage; refuses one, or a tool, that is not there.

    A config that is not under the working folder is looked for in the
    repository, so that its own pipelines run from anywhere.
    """
    config = str(entry.get('config', ''))
    if config and not Path(config).is_file() and (ROOT / config).is_file():
        return str(ROOT / config)
    path = Path(config or ROOT / 'tools' / entry['tool'])
    if not path.is_file():
        raise PipelineConfigError(
            f'{where}: file not found: {path}{near_files(path)}'
        )
    return config
