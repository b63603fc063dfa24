"""timm, an optional package."""

from types import ModuleType

from projects.amr.errors import MissingDependencyError


def import_timm(user: str) -> ModuleType:
    """Return the package timm.

    Args:
        user (str): What needs it, for the message.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        import timm
    except ImportError:
        raise MissingDependencyError(
            f"{user} needs timm: pip install '.[lite]'"
        ) from None
    return timm
