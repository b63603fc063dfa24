"""What a finished stage left behind: metrics, and where they are from."""

import json
from collections.abc import Mapping
from pathlib import Path

from projects.amr.errors import UserError
from projects.amr.workflow.ablation import SUMMARY as TEST_SUMMARY
from projects.amr.workflow.pipeline.context import StageContext


def figures(context: StageContext) -> dict:
    """Metrics and the like that a finished stage left behind.

    Args:
        context (StageContext): The stage.

    Returns:
        dict: With ``metrics`` and, from a test, ``details``, ``split``,
        ``images``, ``seed``, ``initialisation`` and ``versions``; from a
        training its seed.
    """
    stage = context.stage
    if stage.kind == 'train':
        return {'seed': context.cfg.get('randomness', {}).get('seed')}
    if stage.kind == 'test':
        return _read_json(context.folder / TEST_SUMMARY)
    if not stage.summary:
        return {}
    content = _read_json(Path(context.fill(stage.summary)))
    notes = content.get('label_notes')
    return {
        'metrics': numbers(content),
        'images': content.get('images'),
        'details': {'label_notes': notes} if notes else {},
        'versions': content.get('versions'),
    }


def _read_json(path: Path) -> dict:
    """Content of a summary."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, RecursionError, ValueError, TypeError) as error:
        raise UserError(
            f'summary {path} cannot be read ({error}): run the stage again'
        ) from None


def numbers(content: Mapping, prefix: str = '') -> dict[str, float]:
    """Numbers of a nested dict by dotted names.

    Args:
        content (Mapping): Lists and texts in it are left out, and so are
            True and False.
        prefix (str): Put before each name. Defaults to ''.

    Returns:
        dict[str, float]: In order.

    Example:
        >>> numbers({'a': {'b': 1, 'c': 'text'}, 'd': 2.5, 'e': True})
        {'a.b': 1, 'd': 2.5}
    """
    found = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            found.update(numbers(value, f'{prefix}{key}.'))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[f'{prefix}{key}'] = value
    return found
