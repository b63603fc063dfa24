"""The model inside its wrappers."""

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn


def unwrap_model(model: nn.Module) -> nn.Module:
    """Take off what distributed runs and test-time augmentation put around.

    Args:
        model (nn.Module): A runner's model.

    Returns:
        nn.Module: The model that the config describes and checkpoints hold.
    """
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model
