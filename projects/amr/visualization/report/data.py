"""What a report page shows. Scores are in percent, 100 is best."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Score:
    """One of the few numbers that a chain is about.

    Args:
        name (str): What was scored, such as 'CAM'.
        value (float): mIoU in percent.
        split (str): Images it was measured on. Defaults to ''.
        policy (str): How the background threshold was set. Defaults to ''.
        best (float, optional): mIoU at the best threshold of the sweep,
            chosen on the same images. Defaults to None.
        upper_bound (bool): Whether it is a bound to stand beside the
            others, and no stage of the chain. Defaults to False.
    """

    name: str
    value: float
    split: str = ''
    policy: str = ''
    best: float | None = None
    upper_bound: bool = False


@dataclass(frozen=True)
class Comparison:
    """One row beside the published numbers.

    Args:
        system (str): Its name.
        values (tuple[float | None, ...]): One a column of
            ``ReportData.comparison_heads``.
        note (str): Settings. Defaults to ''.
        source (str): Where it is printed. Defaults to ''.
        own (bool): Whether this run measured it. Defaults to False.
    """

    system: str
    values: tuple[float | None, ...]
    note: str = ''
    source: str = ''
    own: bool = False


@dataclass(frozen=True)
class Stage:
    """One stage of the chain; '' or None where nothing is known.

    Args:
        name (str): Its name.
        status (str): 'ran' or 'kept'. Defaults to ''.
        reason (str): Why it ran, or was kept. Defaults to ''.
        config (str): Name of its config or tool. Defaults to ''.
        seconds (float, optional): Wall time. Defaults to None.
        seed (int, optional): Random seed. Defaults to None.
        split (str): Images. Defaults to ''.
        images (int, optional): How many. Defaults to None.
        policy (str): Background thresholds. Defaults to ''.
        initialisation (str): Initial weights. Defaults to ''.
        metrics (dict[str, float]): All of its metrics. Defaults to {}.
    """

    name: str
    status: str = ''
    reason: str = ''
    config: str = ''
    seconds: float | None = None
    seed: int | None = None
    split: str = ''
    images: int | None = None
    policy: str = ''
    initialisation: str = ''
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Curve:
    """mIoU of one map against the background threshold.

    Args:
        name (str): The map.
        thresholds (tuple[float, ...]): Ascending, in [0, 1].
        values (tuple[float, ...]): mIoU in percent, one a threshold.
        fixed (float): The threshold set beforehand.
        best (float): The best one, chosen on the same images.

    Raises:
        ValueError: If there is not one value a threshold, or ``fixed`` or
            ``best`` is none of the thresholds.
    """

    name: str
    thresholds: tuple[float, ...]
    values: tuple[float, ...]
    fixed: float
    best: float

    def __post_init__(self) -> None:
        if len(self.thresholds) != len(self.values):
            raise ValueError(
                f'{len(self.values)} values for {len(self.thresholds)} '
                'thresholds'
            )
        for name in ('fixed', 'best'):
            if getattr(self, name) not in self.thresholds:
                raise ValueError(
                    f'`{name}` must be one of the thresholds, got '
                    f'{getattr(self, name)}'
                )

    def at(self, threshold: float) -> float:
        """MIoU at one of the thresholds."""
        return self.values[self.thresholds.index(threshold)]


@dataclass(frozen=True)
class ClassTable:
    """IoU per class of several results.

    Args:
        columns (tuple[str, ...]): Results, such as 'CAM'.
        rows (dict[str, tuple[float | None, ...]]): By class name, one IoU a
            column; None where the class does not occur.
    """

    columns: tuple[str, ...] = ()
    rows: dict[str, tuple[float | None, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """One picture of a strip.

    Args:
        caption (str): What it shows.
        picture (np.ndarray): Shape (H, W, 3), uint8, BGR.
        flat (bool): Whether it has few colours and sharp edges (a label
            map), not those of a photograph. Defaults to False.
    """

    caption: str
    picture: np.ndarray
    flat: bool = False


@dataclass(frozen=True)
class Strip:
    """One image through all stages.

    Args:
        image_id (str): The image.
        group (str): Why it is shown, such as 'Best'.
        panels (tuple[Panel, ...]): From left to right.
        score (float, optional): Its IoU in percent. Defaults to None.
    """

    image_id: str
    group: str
    panels: tuple[Panel, ...]
    score: float | None = None


@dataclass(frozen=True)
class ReportData:
    """All that a page shows; what is empty is left out of it.

    Args:
        title (str): Head of the page.
        toy (bool): Whether the images are toy data. Defaults to False.
        scores (tuple[Score, ...]): Headline numbers. Defaults to ().
        comparison_heads (tuple[str, ...]): Columns. Defaults to ().
        comparison (tuple[Comparison, ...]): Rows. Defaults to ().
        stages (tuple[Stage, ...]): In order. Defaults to ().
        curves (tuple[Curve, ...]): Sweeps. Defaults to ().
        classes (ClassTable): IoU per class. Defaults to an empty one.
        strips (tuple[Strip, ...]): Grouped in order. Defaults to ().
        strip_note (str): How the images were chosen. Defaults to ''.
        legend (dict[str, tuple[int, int, int]]): RGB by class name.
            Defaults to {}.
        seed (int, optional): Of the run. Defaults to None.
        seconds (float, optional): Wall time of the run. Defaults to None.
        versions (dict[str, str]): Of packages. Defaults to {}.
        notes (tuple[str, ...]): What could not be shown, and why, and which
            labels hold next to nothing. Defaults to ().
        config (str): Text of the pipeline's config. Defaults to ''.
    """

    title: str
    toy: bool = False
    scores: tuple[Score, ...] = ()
    comparison_heads: tuple[str, ...] = ()
    comparison: tuple[Comparison, ...] = ()
    stages: tuple[Stage, ...] = ()
    curves: tuple[Curve, ...] = ()
    classes: ClassTable = ClassTable()
    strips: tuple[Strip, ...] = ()
    strip_note: str = ''
    legend: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    seed: int | None = None
    seconds: float | None = None
    versions: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    config: str = ''
