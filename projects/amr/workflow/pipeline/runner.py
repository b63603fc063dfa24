"""Runs a pipeline's stages: what is stale, in order, each in its process."""

import copy
import os
import shutil
import time
from pathlib import Path

from projects.amr.errors import UserError
from projects.amr.runtime.files.progress import Reporter
from projects.amr.runtime.processes.tool_process import call_tool
from projects.amr.workflow.launch.config_agreement import settle_config
from projects.amr.workflow.pipeline.context import (
    MissingOutputError,
    StageContext,
    Workspace,
)
from projects.amr.workflow.pipeline.figures import figures
from projects.amr.workflow.pipeline.forecast import forecast
from projects.amr.workflow.pipeline.manifest import (
    MANIFEST,
    StageRecord,
    note_start,
)
from projects.amr.workflow.pipeline.stage import Stage
from projects.amr.workflow.pipeline.staleness import StageState, stage_state

PREVIOUS = '.previous'


class PipelineRunner:
    """Runs the stages of a workspace that are not finished.

    A stage is finished when its declared values, its inputs and its outputs
    are those of its record. One whose values or inputs changed starts from
    an empty folder (a training's old one is kept as ``<stage>.previous``);
    an interrupted or damaged one goes on in its folder.

    Args:
        space (Workspace): Stages and folders.
        reporter (Reporter): Tells the progress.
        gpus (int): Processes of a training or test, 1 without a launcher.
            Defaults to 1.
    """

    def __init__(self, space: Workspace, reporter: Reporter, gpus: int = 1):
        self.space = space
        self.reporter = reporter
        self.gpus = gpus
        self.status: dict[str, dict] = {}
        self._forecast = None

    def run(self, chosen: list[Stage], force: bool = False) -> None:
        """Run what is not finished, in order.

        Args:
            chosen (list[Stage]): A stretch of the pipeline.
            force (bool): Whether finished stages run again. Defaults to
                False.

        Raises:
            UserError: If a stage fails, or an earlier one's output is
                missing.
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
            self.space.digests.save()
            head = f'[{number}/{len(chosen)}] {stage.name}'
            self.status[stage.name] = {
                'status': 'kept' if state.finished else 'ran',
                'reason': '; '.join(state.reasons),
            }
            if state.finished:
                self.reporter.step(f'{head}: finished before')
                continue
            self._announce(head, stage, state, chosen)
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
        roles = ('train', 'val') if stage.kind == 'train' else ('test',)
        try:
            settle_config(cfg, roles, tell=False)
        except UserError as error:
            raise UserError(f'stage {stage.name!r}: {error}') from None
        return True

    def _announce(self, head, stage, state: StageState, chosen) -> None:
        """Say why a stage runs and what may follow from it."""
        self.reporter.step(f'{head}: {"; ".join(state.reasons)}')
        later = dependents(stage, chosen)
        if state.record is not None and later:
            self.reporter.step(
                f'  rerunning {stage.name} and, where its outputs change, '
                f'{", ".join(later)}'
            )

    def _tell_forecast(self, stages: list[Stage]) -> None:
        """Say once, as soon as it is known, how long the rest will take."""
        if self._forecast is None:
            self._forecast = forecast(self.space, stages)
            if self._forecast:
                self.reporter.step(f'  {self._forecast}')

    def _run(self, context: StageContext, inputs, state: StageState) -> None:
        """Run one stage and publish its record."""
        folder = context.folder
        if state.restart:
            clear(folder, keep=context.stage.kind == 'train')
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).unlink(missing_ok=True)
        note_start(folder, state.key)
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
        """Run the stage's tool."""
        stage, folder = context.stage, context.folder
        arguments = list(context.arguments)
        tool = stage.tool
        if stage.config:
            config = folder / 'config.py'
            cfg = copy.deepcopy(context.cfg)
            if cfg.get('class_file'):
                cfg.class_file = ''  # fitted; the work dir may move
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
        """Arguments of a training or test behind the config."""
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

    def explain(self, chosen: list[Stage]) -> list[tuple[str, str]]:
        """Say what :meth:`run` would do, and do nothing.

        Args:
            chosen (list[Stage]): A stretch of the pipeline.

        Returns:
            list[tuple[str, str]]: Stage and what would become of it.
        """
        lines, stale = [], set()
        for stage in chosen:
            upstream = [name for name, _ in stage.references()]
            waits = [n for n in dict.fromkeys(upstream) if n in stale]
            try:
                context = StageContext(stage, self.space)
                state = stage_state(context, context.inputs())
                text = '; '.join(state.reasons)
                finished = state.finished
            except MissingOutputError:
                text, finished = 'not done', False
            except UserError as error:
                if not waits:
                    raise
                text, finished = str(error), False
            if finished and waits:
                what = f'kept unless {", ".join(waits)} give something else'
                stale.add(stage.name)
            elif finished:
                what = 'kept'
            else:
                what = f'would run: {text}'
                stale.add(stage.name)
            lines.append((stage.name, what))
        return lines


def dependents(stage: Stage, stages: list[Stage]) -> list[str]:
    """Names of the stages that directly or indirectly need one's outputs.

    Args:
        stage (Stage): The stage.
        stages (list[Stage]): The pipeline, in order.

    Returns:
        list[str]: In order.
    """
    found = {stage.name}
    names = []
    for other in stages:
        if any(name in found for name, _ in other.references()):
            found.add(other.name)
            names.append(other.name)
    return names


def clear(folder: Path, keep: bool) -> None:
    """Make room for a stage of other values.

    Args:
        folder (Path): The stage's folder, which need not exist.
        keep (bool): Whether the old one stays beside it, under the name
            ``<folder>.previous``.
    """
    if not folder.exists():
        return
    previous = folder.with_name(folder.name + PREVIOUS)
    if keep:
        shutil.rmtree(previous, ignore_errors=True)
        folder.rename(previous)
    else:
        shutil.rmtree(folder)
