"""In which order experiments run, and how long what is left takes."""

from collections.abc import Mapping, Sequence

from projects.amr.errors import UserError
from projects.amr.workflow.ablation.spec import Experiment


def parents_first(
    experiments: Sequence[Experiment],
) -> tuple[Experiment, ...]:
    """Order experiments so that each comes after those it needs.

    Args:
        experiments (Sequence[Experiment]): Some may be there twice.

    Returns:
        tuple[Experiment, ...]: Each once; configs that are only needed by
        others are added.

    Raises:
        UserError: If two would share a folder, or need each other.
    """
    by_config = {e.config: e for e in experiments if not e.options}
    order: list[Experiment] = []

    def add(experiment: Experiment, above: tuple) -> None:
        if experiment in above:
            raise UserError(f'{experiment.config} needs its own checkpoint')
        for config in experiment.parents:
            parent = by_config.get(config, Experiment(config))
            add(parent, (*above, experiment))
        if experiment not in order:
            order.append(experiment)

    for experiment in experiments:
        add(experiment, ())
    stems: dict[str, Experiment] = {}
    for experiment in order:
        other = stems.setdefault(experiment.stem, experiment)
        if other != experiment:
            raise UserError(
                f'{other.config} and {experiment.config} would share the '
                f'folder {experiment.stem}, but are not run alike: rename '
                'one, or run them with different --work-dir'
            )
    return tuple(order)


def time_left(
    ahead: Sequence[bool], spent: Mapping[bool, Sequence[float]]
) -> float | None:
    """Seconds that unfinished runs will take, by the mean of finished ones.

    Args:
        ahead (Sequence[bool]): Of each run, whether it is trained.
        spent (Mapping[bool, Sequence[float]]): Seconds of finished runs,
            trained ones and tested ones apart. A kind that has none counts
            as the other.

    Returns:
        float | None: None where no run has finished.

    Example:
        >>> time_left([True, False], {True: [60.0, 80.0], False: [10.0]})
        80.0
    """
    means = {k: sum(v) / len(v) for k, v in spent.items() if v}
    if not means:
        return None
    return sum(means.get(k, means.get(not k)) for k in ahead)


def in_words(seconds: float | None) -> str:
    """Say how long is left.

    Args:
        seconds (float, optional): From :func:`time_left`.

    Returns:
        str: To be put behind a step's text; '' where it is not known.

    Example:
        >>> in_words(5400.0)
        '; about 1:30 h left'
    """
    if seconds is None:
        return ''
    minutes = max(round(seconds / 60), 1)
    return f'; about {minutes // 60}:{minutes % 60:02d} h left'
