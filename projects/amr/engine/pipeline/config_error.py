"""What is said of a pipeline config that breaks a rule."""

import difflib
from collections.abc import Iterable

from projects.amr.errors import UserError


class PipelineConfigError(UserError):
    """The pipeline config breaks a rule."""


def hint(name: str, known: Iterable[str]) -> str:
    """End of a message: the nearest known name, or else all of them.

    Example:
        >>> hint('seed', ['seeds', 'check'])
        " (did you mean 'seeds'?)"
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f' (did you mean {near[0]!r}?)'
    return f'; known: {", ".join(known) or "none"}'
