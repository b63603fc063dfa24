"""The knobs of a ToyVOC set, ready settings, class names and colours."""

from dataclasses import dataclass, replace
from typing import Any

from projects.amr.datasets.toy_voc.catalogue import (
    NUM_DRAWINGS,
    WIDTH_PERCENT,
    half_length,
    half_width,
)

# fmt: off
_NAMES = (
    'alvo', 'bimi', 'coru', 'dexa', 'ezno', 'fulu', 'gari', 'hovi', 'ikra',
    'jumo', 'kepa', 'lozi', 'mafu', 'nilo', 'opra', 'pogu', 'quli', 'reta',
    'sumi', 'tavo',
)
# fmt: on
_RANGES = dict(
    num_train=(1, 999999),
    num_val=(0, 999999),
    num_test=(0, 999999),
    num_extra=(0, 999999),
    num_classes=(1, NUM_DRAWINGS),
    size_jitter=(0, 1024),
    head_strength=(0, 127),
    head_percent=(20, 100),
    body_strength=(0, 127),
    tail_percent=(0, 100),
    texture_period=(6, 64),
    noise=(0, 127),
    num_distractors=(0, 64),
    difficult_percent=(0, 100),
    void_width=(0, 8),
    drawing_offset=(0, NUM_DRAWINGS - 1),
    seed=(0, 2**32 - 1),
)


@dataclass(frozen=True)
class ToyVOCSpec:
    """Every knob of a ToyVOC set.

    Attributes:
        num_train (int): Images in ``train.txt``, from 1.
        num_val (int): Images in ``val.txt``.
        num_test (int): Images in ``test.txt``. Defaults to 0, no such list.
        num_extra (int): Images that only ``train_aug.txt`` adds to the
            training images, as SBD does for VOC. Defaults to 0.
        num_classes (int): Classes K, 1..20. Defaults to 4.
        size (tuple[int, int]): Image size (H, W) in pixels; each side stays
            in 32..4096 after the jitter. Defaults to (96, 96).
        other_sizes (tuple[tuple[int, int], ...]): Sizes drawn as often as
            ``size``; repeat one to draw it more often. Defaults to ().
        size_jitter (int): Largest change of each side, in pixels, either
            way. Defaults to 0.
        objects (tuple[int, int]): Fewest and most objects an image, 1..8;
            one that finds no room is left out. Defaults to (1, 3).
        object_percent (tuple[int, int]): Range of a body's half length, in
            percent of the image's shorter side, 5..40. Defaults to (14, 22).
        difficult_percent (int): Share of objects drawn at half the length
            and marked difficult, 0..100. Defaults to 4.
        head_strength (int): Contrast of the head's class colours to middle
            grey, in grey levels, 0..127. Defaults to 100.
        head_percent (int): Radius of the head in percent of the body's half
            width, 20..100. Defaults to 70.
        heads (str): ``'shown'``, or ``'painted_over'``: all else equal, the
            heads get random colours that tell no class. Defaults to
            ``'shown'``.
        body_strength (int): Light to dark contrast of the body's texture at
            the head's end, in grey levels, 0..127. Defaults to 90.
        tail_percent (int): Contrast left at the tail, in percent of that at
            the head's end, 0..100. Defaults to 50.
        texture_period (int): Length of the fine textures' period in pixels,
            6..64; the coarse ones' is twice that. Defaults to 8.
        noise (int): Largest change of each value by noise, in grey levels,
            0..127. Defaults to 16.
        num_distractors (int): Shapes without class an image, 0..64,
            alternately like a body and like a head. Defaults to 3.
        void_width (int): Half width in pixels of the border of ignored
            pixels (255) around objects, 0..8, 0 for none. Defaults to 1.
        drawing_offset (int): Class ``k`` is drawn as number ``(k +
            drawing_offset) % 20`` of the catalogue. Defaults to 0.
        seed (int): Seed of the whole set, 0..2**32 - 1. Defaults to 0.

    Raises:
        ValueError: If a knob is out of its range, or ``void_width`` could
            hide every object of an image.

    Example:
        >>> ToyVOCSpec(num_train=8, num_val=4, noise=300)
        Traceback (most recent call last):
            ...
        ValueError: noise must be an integer in 0..127, got 300
    """

    num_train: int
    num_val: int
    num_test: int = 0
    num_extra: int = 0
    num_classes: int = 4
    size: tuple[int, int] = (96, 96)
    other_sizes: tuple[tuple[int, int], ...] = ()
    size_jitter: int = 0
    objects: tuple[int, int] = (1, 3)
    object_percent: tuple[int, int] = (14, 22)
    difficult_percent: int = 4
    head_strength: int = 100
    head_percent: int = 70
    heads: str = 'shown'
    body_strength: int = 90
    tail_percent: int = 50
    texture_period: int = 8
    noise: int = 16
    num_distractors: int = 3
    void_width: int = 1
    drawing_offset: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            _check_integer(name, getattr(self, name), low, high)
        for name, low, high in (('objects', 1, 8), ('object_percent', 5, 40)):
            pair = _as_pair(name, getattr(self, name), low, high)
            if pair[0] > pair[1]:
                raise ValueError(f'{name} must be (fewest, most), got {pair}')
            object.__setattr__(self, name, pair)
        low, high = 32 + self.size_jitter, 4096 - self.size_jitter
        object.__setattr__(
            self, 'size', _as_pair('size', self.size, low, high)
        )
        object.__setattr__(
            self,
            'other_sizes',
            tuple(
                _as_pair('other_sizes', size, low, high)
                for size in self.other_sizes
            ),
        )
        self._check_void_width()
        if self.heads not in ('shown', 'painted_over'):
            raise ValueError(
                f"heads must be 'shown' or 'painted_over', got {self.heads!r}"
            )

    def _check_void_width(self) -> None:
        """See to it that no image loses all its objects to the border."""
        side = min(map(min, (self.size, *self.other_sizes)))
        length = half_length(
            side - self.size_jitter, self.object_percent[0], small=True
        )
        narrowest = half_width(length, WIDTH_PERCENT[0])
        # The last object drawn is whole; a pixel at its centre stays sure
        # while the corner of its neighbourhood lies inside the body.
        if 2 * self.void_width**2 >= (narrowest - 1) ** 2:
            raise ValueError(
                'void_width must leave a core of the smallest object, '
                f'{narrowest} pixels in half width, got {self.void_width}'
            )


def _check_integer(name: str, value: Any, low: int, high: int) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not low <= value <= high
    ):
        raise ValueError(
            f'{name} must be an integer in {low}..{high}, got {value!r}'
        )


def _as_pair(name: str, value: Any, low: int, high: int) -> tuple[int, int]:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(f'{name} must be a pair of integers, got {value!r}')
    for item in value:
        _check_integer(name, item, low, high)
    return value[0], value[1]


_DEMO = ToyVOCSpec(num_train=600, num_val=200, size_jitter=6)

#: Ready specs. 'demo' is the set of the walk-through, 'tiny' serves tests,
#: 'scale' has the size of VOC 2012 with SBD, and the 'heldout_*' settings
#: differ from 'demo' in the classes' drawings, the clutter or the bodies'
#: contrast and in the seed, to test conclusions drawn on it.
PRESETS: dict[str, ToyVOCSpec] = dict(
    demo=_DEMO,
    tiny=ToyVOCSpec(num_train=8, num_val=4, size=(48, 48), size_jitter=7),
    scale=ToyVOCSpec(
        num_train=1464,
        num_val=1449,
        num_extra=9118,
        num_classes=20,
        size=(375, 500),
        other_sizes=(
            (375, 500),
            (375, 500),
            (500, 375),
            (333, 500),
            (334, 500),
            (500, 333),
            (281, 500),
            (442, 500),
        ),
        object_percent=(16, 30),
        texture_period=16,
        num_distractors=6,
        void_width=2,
    ),
    heldout_texture=replace(
        _DEMO,
        num_train=900,
        drawing_offset=10,
        texture_period=6,
        body_strength=110,
        seed=101,
    ),
    heldout_clutter=replace(
        _DEMO,
        num_train=900,
        num_distractors=5,
        noise=20,
        body_strength=110,
        seed=102,
    ),
    heldout_contrast=replace(
        _DEMO, body_strength=72, tail_percent=80, seed=103
    ),
)


def class_names(num_classes: int) -> tuple[str, ...]:
    """Return the names of the first ``num_classes`` classes, 1..20.

    Example:
        >>> class_names(2)
        ('alvo', 'bimi')
    """
    _check_integer('num_classes', num_classes, 1, NUM_DRAWINGS)
    return _NAMES[:num_classes]
