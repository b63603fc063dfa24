"""Ctrl-C in the middle of work."""

from itertools import chain, repeat
from unittest.mock import DEFAULT, Mock


def stopped_at(number: int, function) -> Mock:
    """A function whose call of this number, from 1, is interrupted."""
    before = repeat(DEFAULT, number - 1)
    effects = chain(before, [KeyboardInterrupt], repeat(DEFAULT))
    return Mock(wraps=function, side_effect=effects)
