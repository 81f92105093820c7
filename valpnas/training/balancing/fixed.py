"""sum and fixed: weights that nothing is learned about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from valpnas.contracts.model import Slots
from valpnas.errors import UnknownNameError
from valpnas.graph.optimiser_groups import OptimiserGroup
from valpnas.graph.valp import Valp
from valpnas.networks.module import ValpModule
from valpnas.training.balancing.balancer import Balancer, GroupBalancer


@dataclass(frozen=True)
class Sum(Balancer):
    """The plain sum of the losses ([VALP] section III)."""

    name: ClassVar[str] = "sum"
    plain_sum: ClassVar[bool] = True

    def check(self, valp: Valp) -> None:
        """Accept every VALP."""

    def begin(
        self,
        group: OptimiserGroup,  # noqa: ARG002
        module: ValpModule,  # noqa: ARG002
        state: Mapping[str, Slots],  # noqa: ARG002
    ) -> GroupBalancer:
        """Return the sum."""
        return _Sum()


@dataclass(frozen=True)
class Fixed(Balancer):
    """Weights by output, positive and finite; an output that is not named weighs 1."""

    weights: Mapping[str, float] = field(default_factory=dict)
    name: ClassVar[str] = "fixed"

    def check(self, valp: Valp) -> None:
        """Raise ``UnknownNameError`` for a weight of an output that ``valp`` does not have."""
        for output in self.weights:
            if output not in valp.tasks:
                raise UnknownNameError("output in [loss_weights]", output, valp.tasks)

    def begin(
        self,
        group: OptimiserGroup,
        module: ValpModule,
        state: Mapping[str, Slots],  # noqa: ARG002
    ) -> GroupBalancer:
        """Return the weighted sum."""
        device = next(module.parameters()).device
        return _Weighted(torch.tensor([self.weights.get(output, 1.0) for output in group.outputs], device=device))


class _Sum(GroupBalancer):
    def total(self, losses: Tensor) -> Tensor:
        return losses.sum()

    def update(self, factor: float) -> None:
        pass  # nothing is learned

    def state(self) -> dict[str, dict[str, Tensor]]:
        return {}


class _Weighted(_Sum):
    def __init__(self, weights: Tensor) -> None:
        self._weights = weights

    def total(self, losses: Tensor) -> Tensor:
        return (self._weights * losses).sum()
