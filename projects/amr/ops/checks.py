"""One form of the errors about arguments."""

from typing import Any


def require(holds: bool, name: str, value: Any, rule: str) -> None:
    """Raise ValueError unless an argument holds its rule.

    Example:
        >>> require(0 <= 2 <= 1, 'xi', 2, 'within [0, 1]')
        Traceback (most recent call last):
        ValueError: `xi` must be within [0, 1], got 2
    """
    if not holds:
        raise ValueError(f'`{name}` must be {rule}, got {value!r}')
