import numpy as np


class IntegerStream:
    """Random integers that are the same on every machine and numpy version.

    They are taken from ``numpy.random.PCG64.random_raw`` alone: numpy
    guarantees that stream for a fixed seed, while the methods of
    ``numpy.random.Generator`` may change between its versions.

    Args:
        *key (int): Non-negative integers below ``2 ** 32`` that name the
            stream.

    Example:
        >>> IntegerStream(0, 1).below(10) == IntegerStream(0, 1).below(10)
        True
    """

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(key))

    def below(self, high: int) -> int:
        """Return an integer in ``[0, high)``, for ``high`` below 2 ** 32."""
        return (int(self._bits.random_raw()) >> 32) * high >> 32

    def between(self, low: int, high: int) -> int:
        """Return an integer in ``[low, high]``, both ends included."""
        return low + self.below(high - low + 1)

    def colour(self, low: int, high: int) -> np.ndarray:
        """Return an (R, G, B) triple (3,) int32 in ``[low, high]``."""
        return np.array([self.between(low, high) for _ in range(3)], np.int32)

    def field(self, shape: tuple[int, ...], low: int, high: int) -> np.ndarray:
        """Return an int32 array in ``[low, high]``, at most 256 values."""
        size = int(np.prod(shape))
        raw = self._bits.random_raw((size + 7) // 8)
        octets = raw.astype('<u8').view(np.uint8)[:size].reshape(shape)
        return (octets.astype(np.int32) * (high - low + 1) >> 8) + low
