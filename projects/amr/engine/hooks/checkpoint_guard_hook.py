"""No checkpoint is loaded in part, and its origin is remembered."""

import re

from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from projects.amr.runtime.checkpoints.checkpoint import (
    require_match,
    unwrap_model,
)

INITIALISATION = 'initialisation'


@HOOKS.register_module()
class CheckpointGuardHook(Hook):
    """Refuse a checkpoint whose keys or shapes are not the model's.

    mmengine's runner loads what fits and goes on; a test of half a model
    looks like a test. Runs ``after_load_checkpoint``, which mmengine calls
    before it copies the weights (testing, ``load_from``, ``resume``). Also
    notes in the message hub whether the checkpoint's training began from
    random weights.

    Raises:
        CheckpointMismatchError: See :func:`require_match`.
    """

    priority = 'VERY_HIGH'

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Compare the state dict with the model."""
        model = unwrap_model(runner.model)
        state = checkpoint.get('state_dict', checkpoint)
        source = str(runner._load_from or 'the checkpoint')
        require_match(model, state, source)
        text = str(checkpoint.get('meta', {}).get('cfg', ''))
        found = re.search(rf"^{INITIALISATION} = '(.*)'$", text, re.MULTILINE)
        runner.message_hub.update_info(
            INITIALISATION, found.group(1) if found else 'not recorded'
        )
