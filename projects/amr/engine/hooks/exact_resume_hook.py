"""A resumed training equals the undisturbed one."""

from mmengine.dataset import InfiniteSampler
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import HOOKS

from projects.amr.runtime.checkpoints.random_state import (
    TurnSampler,
    get_random_state,
    seed_samples,
    set_random_state,
)
from projects.amr.runtime.checkpoints.resumed_schedule import (
    SCALE,
    accumulative_counts,
    describe_scale,
    fit_schedule,
    require_same_settings,
)

RANDOM = 'random_state'


def lost_gradients(optim_wrapper, checkpoint: dict) -> str:
    """Say what a checkpoint in the middle of an accumulation loses, or ''."""
    counts = accumulative_counts(optim_wrapper)
    steps = (checkpoint.get('meta') or {}).get('iter', 0) % counts
    if not steps:
        return ''
    return (
        f'the checkpoint is {steps} of {counts} steps into an accumulation of '
        'gradients (optim_wrapper.accumulative_counts), and these are not in '
        'it: the resumed run will not repeat an undisturbed one exactly. A '
        'default_hooks.checkpoint.interval that is a multiple of '
        f'{counts} steps avoids it'
    )


def starts_early(loop) -> bool:
    """Return whether a loop has made its data iterator before any hook ran.

    So does upstream's mmengine in trainings that count iterations: workers
    know neither the seeds of samples nor that signals are not for them, and
    are started once more.
    """
    iterator = getattr(loop, 'dataloader_iterator', None)
    return iterator is not None and not hasattr(iterator, 'skip_iter')


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Save and restore what mmengine leaves out of its checkpoints.

    * The states of Python's, numpy's and torch's random-number generators,
      of every rank, and the seed of the data order.
    * Making a data loader's workers and validating draw nothing from
      training's streams: otherwise a run that resumes after a validation,
      or validates more often, would be another one.
    * Augmentations draw from streams named by seed, pass and image
      (:func:`seed_samples`), so neither the number of workers nor an
      interruption changes them.
    * An epoch that was interrupted resumes at the next batch, where
      mmengine would begin it again with the schedule already advanced.
    * With another number of processes or another batch size, what changes is
      logged (:func:`fit_schedule`). Other changes of optimizer and schedule,
      which would have no effect, are refused
      (:func:`require_same_settings`).

    On a CPU a killed and resumed training ends with the weights of an
    undisturbed one, bit for bit; on a GPU as far as its kernels are
    deterministic. Two resumed runs are not exact, and say so: from a
    checkpoint without such a state, and from one in the middle of an
    accumulation of gradients (``accumulative_counts``), whose part is lost.

    Runs with priority VERY_HIGH, before anything draws random numbers.
    """

    priority = 'VERY_HIGH'

    def __init__(self):
        self._resumed: dict | None = None
        self._held: dict | None = None
        self._outside_val: dict | None = None
        self._gathered: list | None = None
        self._sampler: TurnSampler | None = None
        self._seed: int | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take this rank's state; fit the schedule to the run's size."""
        if not runner._resume or not hasattr(runner.train_loop, 'epoch'):
            return
        old, new = checkpoint.get(SCALE), describe_scale(runner)
        steps = 'steps_per_epoch'
        same = not isinstance(old, dict) or old.get(steps) == new[steps]
        require_same_settings(runner, checkpoint, same)
        note = fit_schedule(runner, checkpoint)
        if note:
            runner.logger.warning(note)
        note = lost_gradients(runner.optim_wrapper, checkpoint)
        if note:
            runner.logger.warning(note)
        states = checkpoint.get(RANDOM) or []
        if len(states) == get_world_size():
            self._resumed = states[get_rank()]
        else:
            runner.logger.warning(
                f'the checkpoint holds the random-number state of '
                f'{len(states)} process(es), here are {get_world_size()}: '
                'the resumed run will not repeat an undisturbed one exactly'
            )

    def before_train(self, runner: Runner) -> None:
        """Seed the samples, and find the place in the data."""
        loader, resumed = runner.train_dataloader, self._resumed
        self._seed = resumed['seed'] if resumed else int(runner.seed)
        self._sampler = seed_samples(loader, self._seed)
        if self._sampler is None:
            runner.logger.warning(
                f'{type(loader.dataset).__name__} has no `pipeline`: its '
                'augmentations are not seeded by sample, so a resumed run '
                'will not repeat an undisturbed one exactly'
            )
            return
        if resumed and resumed['sampler_seed'] is not None:
            self._sampler.sampler.seed = resumed['sampler_seed']
        sampler = self._sampler.sampler
        early = starts_early(runner.train_loop)
        if early and isinstance(sampler, InfiniteSampler):
            # Its workers have taken indices already.
            self._sampler.sampler = InfiniteSampler(
                sampler.dataset, sampler.shuffle, sampler.seed
            )
        self._sampler.skip_once(self._used_before(runner))

    def _used_before(self, runner: Runner) -> int:
        """Samples of this pass (all passes of an infinite one) used before."""
        size = describe_scale(runner)['batch_size']
        if starts_early(runner.train_loop):
            return 0  # the loop itself steps through the data
        if isinstance(self._sampler.sampler, InfiniteSampler):
            return runner.iter * size
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            return 0  # the loop itself steps through a finite sampler
        steps = len(runner.train_dataloader)
        used = runner.iter - runner.epoch * steps
        if 0 < used <= steps:
            runner.logger.info(
                f'epoch {runner.epoch + 1} resumes after {used} of its '
                f'{steps} steps'
            )
            return used * size
        return 0

    def before_train_epoch(self, runner: Runner) -> None:
        """Note the state before the loader's iterator is made."""
        self._held = self._resumed or get_random_state()
        self._resumed = None
        loop = runner.train_loop
        if starts_early(loop):
            loop.dataloader._iterator = None  # torch's persistent workers
            loop.dataloader_iterator = type(loop.dataloader_iterator)(
                loop.dataloader
            )

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None
    ) -> None:
        """Go on from the state before the loader's iterator was made."""
        self._release()

    def after_train_epoch(self, runner: Runner) -> None:
        """Restore the state after an epoch that had no step left."""
        self._release()

    def _release(self) -> None:
        if self._held is not None:
            set_random_state(self._held)
            self._held = None

    def before_val(self, runner: Runner) -> None:
        """Note the state before validation."""
        self._outside_val = get_random_state()

    def after_val_epoch(self, runner: Runner, metrics=None) -> None:
        """Go on from the state before validation."""
        if self._outside_val is not None:
            set_random_state(self._outside_val)
            self._outside_val = None

    def gather_state(self, runner: Runner) -> None:
        """Collect every rank's state; called on all ranks."""
        state = dict(self._outside_val or self._held or get_random_state())
        sampler = self._sampler and self._sampler.sampler
        seed = getattr(sampler, 'seed', None)
        state['seed'] = runner.seed if self._seed is None else self._seed
        state['sampler_seed'] = None if seed is None else int(seed)
        self._gathered = all_gather_object(state)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the states and the run's size."""
        if self._gathered is None and get_world_size() == 1:
            self.gather_state(runner)
        checkpoint[RANDOM] = self._gathered or []
        checkpoint[SCALE] = describe_scale(runner)
        self._gathered = None
