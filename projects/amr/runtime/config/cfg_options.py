"""``--cfg-options``: what a user overrides must be there, and must count."""

import argparse
import inspect
import re

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from projects.amr.errors import UserError, did_you_mean

# What Runner reads beside its arguments, and what this project reads.
_FURTHER_KEYS = (
    'activation_checkpointing',
    'broadcast_buffers',
    'class_file',
    'compile',
    'efficient_conv_bn_eval',
    'emulate_half',
    'find_unused_parameters',
    'keep_workers',
    'label_transform',
    'model_wrapper_cfg',
    'runner_type',
    'sync_bn',
    'tta_model',
    'tta_pipeline',
)
RUN_KEYS = frozenset(
    {*inspect.signature(Runner.__init__).parameters, *_FURTHER_KEYS}
    - {'self', 'cfg'}
)


class CfgOptionsAction(DictAction):
    """``key=value`` pairs; one without ``=`` is a usage error."""

    def __call__(self, parser, namespace, values, option_string=None):
        """Read the pairs into a dict."""
        for text in values:
            key, equals, _ = text.partition('=')
            if not key or not equals:
                raise argparse.ArgumentError(
                    self, f'{text!r} must be key=value, without blanks'
                )
        super().__call__(parser, namespace, values, option_string)


def add_cfg_options(
    parser: argparse.ArgumentParser,
    text: str = 'config entries to override, as key=value; lists as '
    'key="[a,b]", nested keys with dots',
) -> None:
    """Add ``--cfg-options``.

    Args:
        parser (argparse.ArgumentParser): The tool's.
        text (str): Its help.
    """
    parser.add_argument(
        '--cfg-options', nargs='+', action=CfgOptionsAction, help=text
    )


def apply_cfg_options(cfg: Config, options: dict | None) -> None:
    """Override entries of a config, and refuse what would change nothing.

    mmengine takes any key. A misspelt one would be a new entry that nobody
    reads; a variable of the config file, such as ``data_root``, has been put
    in where the file uses it before options are applied.

    Args:
        cfg (Config): The config, changed in place.
        options (dict, optional): Values by dotted key. Defaults to None.

    Raises:
        UserError: If a key is misspelt or a mere variable, or does not fit
            the config's structure.
    """
    if not options:
        return
    if 'model' in cfg:  # a training's or a test's config, no pipeline's
        for key in options:
            _require_effect(cfg, key)
    try:
        cfg.merge_from_dict(options)
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        text = error.args[0] if error.args else error
        raise UserError(f'--cfg-options {" ".join(options)}: {text}') from None


def _require_effect(cfg: Config, key: str) -> None:
    """Refuse a key that no one reads."""
    top = key.split('.')[0]
    if top in RUN_KEYS:
        return
    if top not in cfg:
        raise UserError(
            f'--cfg-options {key}: the config has no {top!r}'
            f'{did_you_mean(top, RUN_KEYS)}, and nothing would read it'
        )
    used = [place + key[len(top) :] for place in _places(cfg, cfg[top])]
    pattern = rf'^{re.escape(top)}\b.*\{{\{{\s*\$(\w+)'
    names = dict.fromkeys(re.findall(pattern, cfg.text, re.MULTILINE))
    remedies = [f'override {", ".join(used[:4])}'] if used else []
    remedies += [f'set {name} in the environment' for name in names]
    remedies.append(f'inherit the config (_base_) and set {top} there')
    raise UserError(
        f'--cfg-options {key}: {top!r} is a variable of the config file, '
        'which is put in where the file uses it before options are applied: '
        f'nothing would change. Instead {", or ".join(remedies)}'
    )


def _places(cfg: Config, wanted) -> list[str]:
    """Dotted keys that have a value of a variable."""
    found = []

    def look(value, where: str) -> None:
        if type(value) is type(wanted) and value == wanted:
            found.append(where)
        elif isinstance(value, dict):
            for key, item in value.items():
                look(item, f'{where}.{key}')
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                look(item, f'{where}.{index}')

    for top in RUN_KEYS.intersection(cfg):
        look(cfg[top], top)
    return sorted(found, key=lambda key: (key.count('.'), key))
