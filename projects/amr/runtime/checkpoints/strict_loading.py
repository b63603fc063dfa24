"""Strict loading of checkpoints and initial weights in mmengine.

:func:`use_strict_loading` replaces mmengine's loaders by scheme, so that
``load_from``, ``--resume``, a test's checkpoint and ``init_cfg`` all read with
:func:`read_checkpoint`. ``Pretrained`` initialisation, in mmseg's scope,
refuses files that fit the model only in part.
"""

from pathlib import Path
from urllib.parse import urlparse

from mmengine.logging import print_log
from mmengine.model.weight_init import PretrainedInit, update_init_info
from mmengine.runner.checkpoint import CheckpointLoader, load_state_dict
from mmseg.registry import WEIGHT_INITIALIZERS
from torch import nn

from projects.amr.errors import CheckpointMismatchError, list_faults
from projects.amr.runtime.checkpoints.checkpoint import (
    StartsFromScratch,
    compare_state,
)
from projects.amr.runtime.checkpoints.checkpoint_file import read_checkpoint
from projects.amr.runtime.checkpoints.pretrained import (
    PACKAGE,
    ZOOS,
    find_weights,
)
from projects.amr.runtime.checkpoints.weight_names import lite_names

_CLOSED = ('pavi://', r'(\S+\:)?s3://', r'(\S+\:)?petrel://')


def use_strict_loading(trust_checkpoint: bool = False) -> None:
    """Let mmengine read checkpoints with :func:`read_checkpoint` alone."""

    def load_from_anywhere(filename, map_location=None, **_):
        return _load(filename, map_location or 'cpu', trust_checkpoint)

    zoos = [f'{zoo}://' for zoo in (*ZOOS, PACKAGE)]
    schemes = ('', 'http://', 'https://', *zoos)
    CheckpointLoader.register_scheme(
        (*schemes, *_CLOSED), load_from_anywhere, force=True
    )


def _load(source: str, map_location, trust: bool) -> dict:
    """Find a source's file, downloaded by one process, and read it."""
    if urlparse(source).scheme == '':
        return read_checkpoint(source, map_location, trust)
    content = read_checkpoint(find_weights(source), map_location, trust)
    if source.startswith('mmcls://'):
        return {'state_dict': part_of_state(content, 'backbone')}
    return content


def part_of_state(content: dict, prefix: str) -> dict:
    """State dict of a sub-module under its own names; '' is all of it."""
    state = content.get('state_dict', content)
    state = {key.removeprefix('module.'): v for key, v in state.items()}
    head = prefix.rstrip('.') + '.' if prefix else ''
    return {
        key[len(head) :]: value
        for key, value in state.items()
        if key.startswith(head)
    }


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class StrictPretrainedInit(PretrainedInit):
    """Initial weights that are the module's, or an error.

    mmengine loads what fits, and the rest starts from random weights. Here
    every parameter and buffer must be in the file with its shape, except
    batch counters and :class:`StartsFromScratch` modules (the attention
    modulation). The file may hold more, such as an ImageNet head, but nothing
    inside a part that the module has: that is another depth or width.
    EfficientNet weights may have either of the names of :func:`lite_names`;
    a module with a method ``fitted_state`` renames and resizes itself.

    Args:
        checkpoint (str): File, URL or name of a model zoo.
        prefix (str, optional): Name of the file's part to take. Defaults to
            None: all.
        map_location (str): As of ``torch.load``. Defaults to 'cpu'.
        strict (bool): Whether the above is required; mmengine's way
            otherwise. Defaults to True.

    Raises:
        CheckpointMismatchError: The message lists keys and shapes.
    """

    def __init__(
        self, checkpoint, prefix=None, map_location='cpu', strict=True
    ):
        super().__init__(checkpoint, prefix, map_location)
        self.strict = strict

    def __call__(self, module: nn.Module) -> None:
        """Load the weights, after a check unless ``strict`` is off."""
        content = CheckpointLoader.load_checkpoint(
            self.checkpoint, map_location=self.map_location, logger='silent'
        )
        state = lite_names(part_of_state(content, self.prefix or ''))
        if hasattr(module, 'fitted_state'):
            state = module.fitted_state(state)
        if self.strict:
            require_pretrained_match(module, state, self.checkpoint)
        part = f'{self.prefix} in model' if self.prefix else 'model'
        print_log(f'load {part} from: {self.checkpoint}', 'current')
        load_state_dict(module, state, strict=False, logger='current')
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())


def require_pretrained_match(
    module: nn.Module, state: dict, source: str | Path
) -> None:
    """Refuse the state dict of another network, see the class above."""
    missing, unexpected, shapes = compare_state(module, state)
    fresh = tuple(
        f'{name}.'
        for name, part in module.named_modules()
        if isinstance(part, StartsFromScratch)
    )
    children = {name for name, _ in module.named_children()}
    faults = [
        f'missing in the file: {key}'
        for key in missing
        if not key.startswith(fresh)
    ]
    faults += [
        f'unknown to the model: {key}'
        for key in unexpected
        if key.split('.')[0] in children
    ]
    faults = [f for f in faults if not f.endswith('num_batches_tracked')]
    faults += [f'shape: {text}' for text in shapes]
    if faults:
        raise CheckpointMismatchError(
            f'{source} does not fit {type(module).__name__}, which would in '
            f'part start from random weights:\n{list_faults(faults)}\n'
            'Name other weights; init_cfg.strict=False loads what fits'
        )
