"""Base class of losses that are one function."""

from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor, nn


class WeightedLoss(nn.Module):
    """A function of this package with bound options, times a weight.

    Args:
        loss_weight (float): Factor. Defaults to 1.0.
    """

    function: ClassVar[Callable[..., Tensor]]

    def __init__(self, loss_weight: float = 1.0):
        super().__init__()
        self.loss_weight = loss_weight
        self.options: dict[str, Any] = {}

    def forward(self, *args: Tensor) -> Tensor:
        """Return the weighted loss, a scalar, of the function's arguments."""
        return self.loss_weight * self.function(*args, **self.options)
