"""Measurements of a test beyond its scores, on their way to the summary.

A metric and a hook have only numbers to return, since mmengine logs each of
them; curves and per-class values take this way, through the message hub of
the runner. They are no part of a checkpoint.
"""

from collections.abc import Sequence

import numpy as np
from mmengine.logging import MessageHub

_PREFIX = 'details/'


def put_nested_results(owner: str, details: dict) -> None:
    """Hand in the details of one owner, instead of its earlier ones.

    Example:
        >>> put_nested_results('cam', {'cam': {'fixed': 0.2}})
        >>> take_nested_results()
        {'cam': {'fixed': 0.2}}
        >>> take_nested_results()
        {}
    """
    hub = MessageHub.get_current_instance()
    hub.update_info(_PREFIX + owner, dict(details), resumed=False)


def take_nested_results() -> dict:
    """All details of the last test, by name; afterwards there are none."""
    hub = MessageHub.get_current_instance()
    owners = sorted(k for k in hub.runtime_info if k.startswith(_PREFIX))
    details: dict = {}
    for owner in owners:
        details |= hub.pop_info(owner)
    return details


def rounded(values: Sequence[float]) -> list[float | None]:
    """Round to 4 decimals for JSON: nan becomes None.

    Example:
        >>> rounded([100 / 3, float('nan')])
        [33.3333, None]
    """
    return [
        None if np.isnan(value) else round(float(value), 4) for value in values
    ]
