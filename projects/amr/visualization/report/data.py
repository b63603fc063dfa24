"""What a report page shows. Scores are in percent, 100 is best."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Score:
    """One of the few numbers that a chain is about."""

    name: str  # what was scored, such as 'CAM'
    value: float  # mIoU
    split: str = ''  # images it was measured on
    policy: str = ''  # how the background threshold was set
    best: float | None = None  # mIoU at the best threshold of the same images
    upper_bound: bool = False  # a bound, and no stage of the chain


@dataclass(frozen=True)
class Comparison:
    """One row of the table of published numbers."""

    system: str
    values: tuple[float | None, ...]  # by ``ReportData.comparison_heads``
    note: str = ''  # settings
    source: str = ''  # where it is printed
    own: bool = False  # whether this run measured it


@dataclass(frozen=True)
class Stage:
    """One stage of the chain; '' or None where nothing is known."""

    name: str
    status: str = ''  # 'ran' or 'kept'
    reason: str = ''  # why it ran, or was kept
    config: str = ''  # name of its config or tool
    seconds: float | None = None  # wall time
    seed: int | None = None
    split: str = ''
    images: int | None = None  # how many
    policy: str = ''  # background thresholds
    initialisation: str = ''  # initial weights
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Curve:
    """mIoU of one map against the background threshold.

    Raises:
        ValueError: If there is not one value per threshold, or ``fixed`` or
            ``best`` is none of the thresholds.
    """

    name: str
    thresholds: tuple[float, ...]  # ascending, in [0, 1]
    values: tuple[float, ...]  # mIoU per threshold
    fixed: float  # the threshold set beforehand
    best: float  # the best one, chosen on the same images

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
    """IoU per class of several results."""

    columns: tuple[str, ...] = ()  # results, such as 'CAM'
    # One IoU per column by class name; None where the class does not occur.
    rows: dict[str, tuple[float | None, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """One picture of a strip."""

    caption: str
    picture: np.ndarray  # (H, W, 3), uint8, BGR
    flat: bool = False  # a label map: few colours, sharp edges


@dataclass(frozen=True)
class Strip:
    """One image through all stages."""

    image_id: str
    group: str  # why it is shown, such as 'Best'
    panels: tuple[Panel, ...]  # from left to right
    score: float | None = None  # IoU


@dataclass(frozen=True)
class ReportData:
    """All that a page shows; what is empty is left out of it."""

    title: str
    toy: bool = False  # whether the images are toy data
    scores: tuple[Score, ...] = ()
    comparison_heads: tuple[str, ...] = ()
    comparison: tuple[Comparison, ...] = ()
    stages: tuple[Stage, ...] = ()
    curves: tuple[Curve, ...] = ()
    classes: ClassTable = ClassTable()
    strips: tuple[Strip, ...] = ()  # in the order of their groups
    strip_note: str = ''  # how the images were chosen
    legend: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    seed: int | None = None
    seconds: float | None = None  # wall time of the run
    versions: dict[str, str] = field(default_factory=dict)  # of packages
    notes: tuple[str, ...] = ()  # what could not be shown, empty labels
    config: str = ''  # text of the pipeline's config
