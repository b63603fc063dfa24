"""Settings of a ToyVOC set, presets and class names."""

from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

NUM_DRAWINGS = 20
WIDTH_PERCENT = (50, 70)  # width of a body, in percent of its length
_NAMES = (
    *('alvo', 'bimi', 'coru', 'dexa', 'ezno', 'fulu', 'gari', 'hovi'),
    *('ikra', 'jumo', 'kepa', 'lozi', 'mafu', 'nilo', 'opra', 'pogu'),
    *('quli', 'reta', 'sumi', 'tavo'),
)

Pair = tuple[int, int]


def _knob(low: int, high: int, **default: Any) -> Field:
    """Field of integers within [low, high]."""
    return field(**default, metadata=dict(low=low, high=high))


@dataclass(frozen=True)
class ToyVOCSpec:
    """Settings of a ToyVOC set; the first two numbers are a setting's range.

    Raises:
        ValueError: If a value is out of its range, or ``void_width`` could
            hide every object of an image.

    Example:
        >>> ToyVOCSpec(num_train=8, num_val=4, noise=300)
        Traceback (most recent call last):
            ...
        ValueError: noise must be an integer in 0..127, got 300
    """

    # Images in train.txt, val.txt, test.txt (0: no such list) and those that
    # train_aug.txt adds to train.txt, as SBD does for VOC.
    num_train: int = _knob(1, 999999)
    num_val: int = _knob(0, 999999)
    num_test: int = _knob(0, 999999, default=0)
    num_extra: int = _knob(0, 999999, default=0)
    num_classes: int = _knob(1, NUM_DRAWINGS, default=4)
    # (H, W) in pixels, each side in 32..4096 after the jitter. The other
    # sizes are drawn as often as this one; repeat one to draw it more often.
    size: Pair = (96, 96)
    other_sizes: tuple[Pair, ...] = ()
    # Largest change of each side in pixels, either way.
    size_jitter: int = _knob(0, 1024, default=0)
    # Fewest and most objects per image; one that finds no room is left out.
    objects: Pair = _knob(1, 8, default=(1, 3))  # noqa: RUF009
    # Half length of a body, in percent of the image's shorter side.
    object_percent: Pair = _knob(5, 40, default=(14, 22))  # noqa: RUF009
    # Share of objects of half the length, which are marked difficult.
    difficult_percent: int = _knob(0, 100, default=4)
    # Contrast of the head's class colours to middle grey, in grey levels.
    head_strength: int = _knob(0, 127, default=100)
    # Radius of the head, in percent of the body's half width.
    head_percent: int = _knob(20, 100, default=70)
    # 'shown', or 'painted_over': random colours, all else equal.
    heads: str = 'shown'
    # Contrast of the body's texture at the head's end, in grey levels, and
    # what is left of it at the tail, in percent.
    body_strength: int = _knob(0, 127, default=90)
    tail_percent: int = _knob(0, 100, default=50)
    # Period of the fine textures in pixels; that of the coarse ones is twice.
    texture_period: int = _knob(6, 64, default=8)
    noise: int = _knob(0, 127, default=16)  # largest change, in grey levels
    # Shapes without a class per image, alternately like a body and a head.
    num_distractors: int = _knob(0, 64, default=3)
    # Half width in pixels of the border of 255 around objects.
    void_width: int = _knob(0, 8, default=1)
    # Class k is drawn as number (k + drawing_offset) % 20 of the drawings.
    drawing_offset: int = _knob(0, NUM_DRAWINGS - 1, default=0)
    seed: int = _knob(0, 2**32 - 1, default=0)

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.metadata:
                self._set(item.name, item.type, **item.metadata)
        low, high = 32 + self.size_jitter, 4096 - self.size_jitter
        self._set('size', Pair, low, high)
        sizes = [_pair('other_sizes', s, low, high) for s in self.other_sizes]
        object.__setattr__(self, 'other_sizes', tuple(sizes))
        for name in ('objects', 'object_percent'):
            fewest, most = getattr(self, name)
            if fewest > most:
                raise ValueError(
                    f'{name} must be (fewest, most), got {(fewest, most)}'
                )
        if self.heads not in ('shown', 'painted_over'):
            raise ValueError(
                f"heads must be 'shown' or 'painted_over', got {self.heads!r}"
            )
        self._check_void_width()

    def _set(self, name: str, kind: Any, low: int, high: int) -> None:
        """Check an integer or a pair; a list becomes a tuple."""
        check = _integer if kind is int else _pair
        value = check(name, getattr(self, name), low, high)
        object.__setattr__(self, name, value)

    def _check_void_width(self) -> None:
        """Make sure that no image loses all its objects to the border."""
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


def half_length(shorter_side: int, percent: int, small: bool) -> int:
    """Half length of a body in pixels, at least 6; halved where small."""
    return max(6, shorter_side * percent // (200 if small else 100))


def half_width(length: int, percent: int) -> int:
    """Half width of a body in pixels, at least 4."""
    return max(4, length * percent // 100)


def _integer(name: str, value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(
            f'{name} must be an integer in {low}..{high}, got {value!r}'
        )
    return value


def _pair(name: str, value: Any, low: int, high: int) -> Pair:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(f'{name} must be a pair of integers, got {value!r}')
    return tuple(_integer(name, item, low, high) for item in value)


_DEMO = ToyVOCSpec(num_train=600, num_val=200, size_jitter=6)
_VOC_SIZES = (
    *((375, 500), (375, 500), (500, 375), (333, 500)),
    *((334, 500), (500, 333), (281, 500), (442, 500)),
)

#: Ready settings. 'demo' is the set of the walk-through, 'tiny' serves tests,
#: 'scale' has the size of VOC 2012 with SBD. The 'heldout_*' sets differ from
#: 'demo' in the classes' drawings, the clutter or the bodies' contrast and in
#: the seed; they test conclusions drawn on 'demo'.
PRESETS: dict[str, ToyVOCSpec] = dict(
    demo=_DEMO,
    tiny=ToyVOCSpec(num_train=8, num_val=4, size=(48, 48), size_jitter=7),
    scale=ToyVOCSpec(
        num_train=1464,
        num_val=1449,
        num_extra=9118,
        num_classes=20,
        size=(375, 500),
        other_sizes=_VOC_SIZES,
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
    """Names of the first ``num_classes`` classes, 1..20.

    Example:
        >>> class_names(2)
        ('alvo', 'bimi')
    """
    _integer('num_classes', num_classes, 1, NUM_DRAWINGS)
    return _NAMES[:num_classes]
