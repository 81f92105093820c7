"""Balancer: how the losses of an optimiser group's outputs become the one number that its optimiser follows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from valpnas.contracts.model import Slots
from valpnas.graph.optimiser_groups import OptimiserGroup
from valpnas.graph.valp import Valp
from valpnas.networks.module import ValpModule


class GroupBalancer(ABC):
    """The balancing of one optimiser group in one training phase.

    An engine calls ``total`` and then ``update`` once per batch; the networks' weights move in between. Histories
    and the check for divergence see the losses that go in, never the total. Neither call reads a value back
    from the device or branches on one, and state is altered in place: a step can be captured and replayed.
    """

    @abstractmethod
    def total(self, losses: Tensor) -> Tensor:
        """Return the scalar to differentiate: a sum of the losses whose weights are constants to the networks.

        Args:
            losses: the group's losses on this batch, ``(outputs,)`` in the group's order, with their graph.
                The graph is left intact.
        """

    def weights(self, losses: Tensor) -> Tensor:
        """Return the derivative of ``total`` by each loss, ``(outputs,)``, for engines with gradients of their own.

        Takes the place of a call of ``total``. Only for balancers that are not ``through_networks``.

        Args:
            losses: as in ``total``, but plain numbers.
        """
        with torch.enable_grad():
            leaf = losses.detach().clone().requires_grad_()
            (found,) = torch.autograd.grad(self.total(leaf), leaf)
        return found

    @abstractmethod
    def update(self, factor: float) -> None:
        """Learn from the last ``total``, at ``factor`` times the balancer's own learning rate."""

    @abstractmethod
    def state(self) -> dict[str, dict[str, Tensor]]:
        """Return what the next phase needs, scalars by output and part; empty when nothing is learned."""


class Balancer(ABC):
    """A scheme of loss balancing. Its parameters are constructor arguments; what it learns is in the model."""

    name: ClassVar[str]
    single_group: ClassVar[bool] = False  # whether all outputs must be in one optimiser group
    plain_sum: ClassVar[bool] = False  # whether every output always weighs 1
    through_networks: ClassVar[bool] = False  # whether ``total`` differentiates losses by the networks' weights

    @abstractmethod
    def check(self, valp: Valp) -> None:
        """Raise ``ConfigError`` or ``UnknownNameError`` unless the outputs of ``valp`` can be balanced."""

    @abstractmethod
    def begin(self, group: OptimiserGroup, module: ValpModule, state: Mapping[str, Slots]) -> GroupBalancer:
        """Return the balancing of ``group``, whose networks are in ``module``.

        Args:
            group: the outputs, in the order in which ``total`` gets their losses.
            module: in training, on the device that the state is wanted on.
            state: ``Model.balancer``; it is not altered. An output that has none of this scheme begins afresh.
        """
