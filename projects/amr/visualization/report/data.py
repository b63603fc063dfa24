"""Content of a report page. Scores are in percent, 100 is best."""

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
    """mIoU of one map against the background threshold."""

    name: str
    thresholds: tuple[float, ...]  # ascending, in [0, 1]
    values: tuple[float, ...]  # mIoU per threshold
    fixed: float  # the threshold set beforehand
    best: float  # the best one, chosen on the same images

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
class Layer:
    """One map of a photo that the page can lay over it.

    ``cam``: plane 0 holds the level of the best score (how many thresholds
    are below it), plane 1 its label. ``labels``: labels, 255 for none.
    ``grey``: grey values.
    """

    name: str  # such as 'pseudo label'
    kind: str  # 'cam', 'labels' or 'grey'
    planes: np.ndarray  # (P, h, w), uint8


@dataclass(frozen=True)
class Photo:
    """One photo of the page; None where nothing is known."""

    name: str
    picture: str  # path relative to the page
    maps: str  # script with the planes of its layers
    size: tuple[int, int]  # of the maps, (h, w)
    layers: tuple[str, ...]  # names, in the order of their planes
    classes: tuple[int, ...] = ()  # its labels, 1..
    doubt: float | None = None  # in [0, 1]
    score: float | None = None  # IoU


@dataclass(frozen=True)
class Gallery:
    """Photos, and what the page lays over them."""

    photos: tuple[Photo, ...] = ()
    layers: dict[str, str] = field(default_factory=dict)  # kinds by name
    thresholds: tuple[float, ...] = ()  # steps of the slider, ascending
    fixed: float = 0.0  # the threshold set beforehand
    names: dict[int, str] = field(default_factory=dict)  # by label
    colours: tuple[tuple[int, int, int], ...] = ()  # RGB by label
    scored: str = ''  # what the IoU of a photo is of
    note: str = ''  # which photos of the list are shown


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
    gallery: Gallery = Gallery()
    seed: int | None = None
    seconds: float | None = None  # wall time of the run
    versions: dict[str, str] = field(default_factory=dict)  # of packages
    notes: tuple[str, ...] = ()  # what could not be shown, empty labels
    config: str = ''  # text of the pipeline's config
