"""Histograms of scored maps, summed over images."""

from collections import Counter
from collections.abc import Iterable

import numpy as np


class SweepCounts:
    """Counts of all images of a rank, however many those are.

    Args:
        shapes (dict[str, tuple[int, ...]]): Shape of each kind of histogram.

    Attributes:
        shapes (dict[str, tuple[int, ...]]): As given.
        images (int): Images seen.
        masked (int): Those that were counted, since they have a mask.
        final (str | None): Name of the final map.

    Example:
        >>> counts = SweepCounts({'label': (2, 3)})
        >>> counts.add('cam', {'cam': {'label': ([1, 5], [7, 9])}})
        >>> counts.add(None, {})  # no mask
        >>> counts.histogram('cam', 'label').tolist()
        [[0, 7, 0], [0, 0, 9]]
    """

    def __init__(self, shapes: dict[str, tuple[int, ...]]):
        self.images, self.masked = 0, 0
        self.final: str | None = None
        self.shapes = shapes
        self._sums: dict[tuple[str, str], np.ndarray] = {}  # by map and kind
        self._found: Counter[str] = Counter()

    @property
    def maps(self) -> tuple[str, ...]:
        """Names of the maps, in the order of the first counted image."""
        return tuple(dict.fromkeys(name for name, _ in self._sums))

    def add(
        self, final: str | None, counts: dict[str, dict[str, tuple]]
    ) -> None:
        """Add an image's flat indices and counts, by map and kind.

        Empty ``counts`` are of an image without a mask.
        """
        self.images += 1
        if not counts:
            return
        self.masked += 1
        self.final = final
        self._found.update(next(iter(counts.values())).keys())
        for name, kinds in counts.items():
            for kind, (index, values) in kinds.items():
                self._sum(name, kind)[index] += values

    def _sum(self, name: str, kind: str) -> np.ndarray:
        """Flat histogram of a map, made when it is first asked for."""
        if (name, kind) not in self._sums:
            size = int(np.prod(self.shapes[kind]))
            self._sums[name, kind] = np.zeros(size, np.int64)
        return self._sums[name, kind]

    def complete(self, kind: str) -> bool:
        """Return whether all counted images have this kind of histogram."""
        return self._found[kind] == self.masked

    def histogram(self, name: str, kind: str) -> np.ndarray:
        """Sum over the images, int64, of the kind's shape."""
        return self._sum(name, kind).reshape(self.shapes[kind])

    @classmethod
    def joined(cls, parts: Iterable['SweepCounts']) -> 'SweepCounts':
        """Sum of the counts of several ranks, at least one."""
        parts = list(parts)
        total = cls(parts[0].shapes)
        for part in parts:
            total.images += part.images
            total.masked += part.masked
            total.final = total.final or part.final
            total._found += part._found
            for key, values in part._sums.items():
                total._sum(*key)[:] += values
        return total
