"""Histograms of scored maps, summed over images."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np


@dataclass
class SweepCounts:
    """Counts of all images of a rank, however many those are.

    Example:
        >>> counts = SweepCounts()
        >>> for _ in range(2):
        ...     counts.add('cam', 'label', np.array([0, 7]))
        >>> counts.sums['cam', 'label'].tolist()
        [0, 14]
    """

    images: int = 0  # seen
    masked: int = 0  # counted, since they have a mask
    final: str | None = None  # name of the final map
    # Histograms by map and kind, int64.
    sums: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    @property
    def maps(self) -> tuple[str, ...]:
        """Names of the maps, in the order of the first counted image."""
        return tuple(dict.fromkeys(name for name, _ in self.sums))

    def add(self, name: str, kind: str, counts: np.ndarray) -> None:
        """Add a histogram of one kind of a map."""
        self.sums[name, kind] = self.sums.get((name, kind), 0) + counts

    @classmethod
    def joined(cls, parts: Iterable['SweepCounts']) -> 'SweepCounts':
        """Sum of the counts of several ranks."""
        total = cls()
        for part in parts:
            total.images += part.images
            total.masked += part.masked
            total.final = total.final or part.final
            for key, counts in part.sums.items():
                total.add(*key, counts)
        return total
