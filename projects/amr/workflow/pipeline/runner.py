"""Runs the stale stages of a pipeline in order, each in its own process."""

import copy
import os
import shutil
import time
from pathlib import Path

from projects.amr.errors import UserError
from projects.amr.runtime.files.former_results import bring_back, set_aside
from projects.amr.runtime.files.progress import Reporter
from projects.amr.runtime.processes.tool_process import call_tool
from projects.amr.workflow.launch.config_agreement import settle_config
from projects.amr.workflow.launch.training import share_batch
from projects.amr.workflow.pipeline.forecast import forecast
from projects.amr.workflow.pipeline.records import (
    MANIFEST,
    STARTED,
    StageRecord,
    StageState,
    note_start,
    stage_state,
)
from projects.amr.workflow.pipeline.stages import Stage
from projects.amr.workflow.pipeline.summary import figures
from projects.amr.workflow.pipeline.workspace import (
    MissingOutputError,
    StageContext,
    Workspace,
)


class PipelineRunner:
    """Runs the stages of a workspace that are not finished.

    A stage is finished if its declared values, inputs and outputs are those of
    its record. If values or inputs changed it starts with an empty folder (a
    training's old one is kept as ``<stage>.previous``); an interrupted or
    damaged stage continues in its folder. ``gpus`` processes share a
    training's batch; 1 runs without a launcher.
    """

    def __init__(self, space: Workspace, reporter: Reporter, gpus: int = 1):
        self.space = space
        self.reporter = reporter
        self.gpus = gpus
        self.status: dict[str, dict] = {}
        self._forecast = None

    def run(self, chosen: list[Stage], force: bool = False) -> None:
        """Run unfinished stages in order, with ``force`` finished ones too.

        Raises UserError if a stage fails, or an earlier output is missing.
        """
        unchecked = list(chosen)
        for number, stage in enumerate(chosen, 1):
            # A config may need the output of an earlier stage to be read.
            unchecked = [s for s in unchecked if not self._agrees(s)]
            context = StageContext(stage, self.space)
            inputs = context.inputs()
            state = stage_state(context, inputs)
            if force and state.finished:
                state = StageState(['--force'], True, state.key)
            elif state.restart and self._was_made(context, state):
                state = stage_state(context, inputs)
            self.space.digests.save()
            head = f'[{number}/{len(chosen)}] {stage.name}'
            reason = '; '.join(state.reasons)
            self.status[stage.name] = {
                'status': 'kept' if state.finished else 'ran',
                'reason': reason,
            }
            self.reporter.step(f'{head}: {reason or "finished before"}')
            if state.finished:
                continue
            self._tell_forecast(chosen[number - 1 :])
            self._run(context, inputs, state)

    def _agrees(self, stage: Stage) -> bool:
        """Check a stage's config long before its turn; False: not yet."""
        if not stage.config:
            return True
        try:
            cfg = StageContext(stage, self.space).cfg
        except UserError:
            return False
        try:
            settle_config(cfg, stage.loaders, log=False)
        except UserError as error:
            raise UserError(f'stage {stage.name!r}: {error}') from None
        return True

    def _tell_forecast(self, stages: list[Stage]) -> None:
        """Say once, as soon as it is known, how long the rest will take."""
        if self._forecast is None:
            self._forecast = forecast(self.space, stages)
            if self._forecast:
                self.reporter.step(f'  {self._forecast}')

    def _was_made(self, context: StageContext, state: StageState) -> bool:
        """Bring back what was set aside, if these values made it."""
        old = previous(context.folder)
        record = StageRecord.load(old)
        if record is None or record.key != state.key:
            return False
        bring_back(context.folder, old)
        self.reporter.step(f'  {old} has these values: it is brought back')
        return True

    def _run(self, context: StageContext, inputs, state: StageState) -> None:
        folder = context.folder
        if state.restart:
            clear(folder, keep=context.stage.kind == 'train')
        folder.mkdir(parents=True, exist_ok=True)
        note_start(folder, state.key)  # first: marks the folder as ours
        (folder / MANIFEST).unlink(missing_ok=True)
        began = time.time()
        self._call(context)
        record = StageRecord(
            declared=context.declared(),
            inputs=inputs,
            outputs=context.output_digests(),
            figures=figures(context),
            seconds=time.time() - began,
        )
        for name, files in record.outputs.items():
            if not files:
                raise UserError(
                    f'stage {context.stage.name!r} ended without making '
                    f'{context.outputs[name]}, its output {name!r}: see '
                    f'{folder}'
                )
        record.save(folder)
        self.space.digests.save()

    def _call(self, context: StageContext) -> None:
        stage, folder = context.stage, context.folder
        arguments = list(context.arguments)
        tool = stage.tool
        if stage.config:
            config = folder / 'config.py'
            cfg = copy.deepcopy(context.cfg)
            if cfg.get('class_file'):
                cfg.class_file = ''  # fitted; the work dir may move
            if stage.kind == 'train':
                share_batch(cfg, self.gpus)
            cfg.dump(config)
            arguments = [config, *self._own_arguments(context), *arguments]
            if not tool:
                dist = self.gpus > 1
                tool = f'dist_{stage.kind}.sh' if dist else f'{stage.kind}.py'
        call_tool(
            tool,
            arguments,
            folder / f'{stage.kind}.log',
            self.reporter,
            {**os.environ, **context.env},
        )

    def _own_arguments(self, context: StageContext) -> list:
        gpus = [self.gpus] if self.gpus > 1 else []
        where = ['--work-dir', context.folder]
        if context.stage.tool:
            return where
        if context.stage.kind == 'test':
            checkpoint = context.fill(context.stage.checkpoint)
            return [checkpoint, *gpus, *where]
        flags = []
        if (context.folder / 'last_checkpoint').is_file():
            flags.append('--resume')
        if self.space.random_init:
            flags.append('--no-pretrained')
        return [*gpus, *where, *flags]

    def explain(
        self, chosen: list[Stage], force: bool = False
    ) -> list[tuple[str, str]]:
        """Names of stages with what :meth:`run` would do to them."""
        lines, stale = [], set()
        for stage in chosen:
            upstream = dict.fromkeys(name for name, _ in stage.references())
            waits = [name for name in upstream if name in stale]
            try:
                context = StageContext(stage, self.space)
                reasons = stage_state(context, context.inputs()).reasons
                reasons = reasons or ['--force'] * force
            except MissingOutputError:
                reasons = ['not done']
            except UserError as error:
                if not waits:
                    raise
                reasons = [str(error)]
            what = 'kept'
            if reasons:
                what = f'would run: {"; ".join(reasons)}'
            elif waits:
                what = f'kept unless {", ".join(waits)} give something else'
            if what != 'kept':
                stale.add(stage.name)
            lines.append((stage.name, what))
        return lines


def previous(folder: Path) -> Path:
    """Where a stage's older folder is kept."""
    return folder.with_name(f'{folder.name}.previous')


def clear(folder: Path, keep: bool) -> None:
    """Empty a stage's folder, or keep it as ``<folder>.previous``.

    Raises UserError if it holds files and no stage has run in it.
    """
    files = list(folder.iterdir()) if folder.exists() else []
    if files and not any((folder / n).exists() for n in (MANIFEST, STARTED)):
        raise UserError(
            f'{folder} holds files that no stage made, such as '
            f'{files[0].name}: move them, or choose another --work-dir'
        )
    if keep and files:
        set_aside(folder, previous(folder), lambda f: (f / MANIFEST).exists())
        return
    for path in files:  # the folder may be a link to another disk
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
