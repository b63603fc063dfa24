"""What is said of a pipeline config that breaks a rule."""

from collections.abc import Iterable

from projects.amr.errors import UserError, did_you_mean


class PipelineConfigError(UserError):
    """The pipeline config breaks a rule."""


def hint(name: str, known: Iterable[str]) -> str:
    """End of a message: the nearest known name, or else all of them.

    Example:
        >>> hint('seed', ['seeds', 'check'])
        " (did you mean 'seeds'?)"
    """
    known = list(known)
    listed = f'; known: {", ".join(known) or "none"}'
    return did_you_mean(name, known) or listed
