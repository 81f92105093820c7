"""gradnorm: outputs pull equally hard on what they share, the slower ones harder (Chen et al. 2018, arXiv:1711.02257).

G is the size of the gradient of an output's weighted loss on the shared weights. Each G is led towards the outputs'
mean G times r^alpha, where r is the output's loss as a fraction of its first one, relative to the mean of that.

The shared weights are those of every sub-network that reaches all outputs. When there is none, they are those of every
sub-network that reaches at least two; an output that none of them reaches then has no say and weighs 1. When nothing is
shared, all outputs weigh 1 for good: no weight hears two of them, so there is nothing to balance.

Two departures from the paper. It takes one shared layer; in a VALP no layer is the last one that all share. And weights
are learned as logarithms, so that none turns negative and a factor of 100 is as far up as down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import ClassVar

import torch
from torch import Tensor

from valpnas.contracts.model import Slots
from valpnas.errors import ConfigError
from valpnas.graph.optimiser_groups import OptimiserGroup, optimiser_groups
from valpnas.graph.valp import Valp
from valpnas.networks.module import ValpModule, component_of
from valpnas.training.balancing.balancer import Balancer, GroupBalancer
from valpnas.training.balancing.learned import LearnedNumbers

_LEAST = log(1e-3)  # of a logarithm of a weight: an output whose gradient is huge is not silenced for good
_TINY = 1e-12


@dataclass(frozen=True)
class GradNorm(Balancer):
    """Gradient normalisation; ``alpha`` says how much harder slow outputs pull, 0 not at all.

    ``rate`` is Adam's learning rate for the logarithms of the weights; it falls with the run's schedule. Costs one more
    backward pass per output.
    """

    alpha: float = 1.5
    rate: float = 0.025
    name: ClassVar[str] = "gradnorm"
    single_group: ClassVar[bool] = True
    through_networks: ClassVar[bool] = True

    def check(self, valp: Valp) -> None:
        """Raise ``ConfigError`` when the outputs of ``valp`` are in more than one optimiser group."""
        groups = optimiser_groups(valp)
        if len(groups) > 1:
            found = " | ".join(f"{', '.join(g.outputs)} ({g.how.algorithm} {g.how.learning_rate:g})" for g in groups)
            raise ConfigError(
                f"gradnorm: expected all outputs in one optimiser group, got {found}; "
                "train all by one algorithm and learning rate, or take another balancing"
            )

    def begin(self, group: OptimiserGroup, module: ValpModule, state: Mapping[str, Slots]) -> GroupBalancer:
        """Return the balancing with the weights and first losses in ``state``."""
        device = next(module.parameters()).device
        return _GroupGradNorm(self, group, module, LearnedNumbers("log_weight", group.outputs, state, device))


class _GroupGradNorm(GroupBalancer):
    def __init__(self, scheme: GradNorm, group: OptimiserGroup, module: ValpModule, numbers: LearnedNumbers) -> None:
        self._scheme, self._numbers = scheme, numbers
        self._initial = numbers.part("initial_loss", fresh=float("nan"))
        shared = shared_networks(module.valp, group)
        self._parameters = [p for name, p in module.named_parameters() if component_of(name) in shared]
        self._sharing = [bool(shared & module.valp.ancestors(output)) for output in group.outputs]
        self._mask = torch.tensor(self._sharing, device=self._initial.device)
        self._gradient = torch.zeros_like(self._initial)

    def total(self, losses: Tensor) -> Tensor:
        now = losses.detach()
        self._initial.copy_(torch.where(self._initial.isnan(), now, self._initial))
        weights = self._weights()
        if self._parameters:
            sizes = weights * torch.stack([self._size(loss) for loss in self._measured(losses)])
            self._gradient = self._slope(sizes, now)
        return (weights * losses).sum()

    def update(self, factor: float) -> None:
        if not self._parameters:
            return
        self._numbers.move(self._gradient, self._scheme.rate * factor)
        value = self._numbers.value
        value.copy_(torch.where(self._mask, self._weights().log().clamp(min=_LEAST), value))

    def state(self) -> dict[str, dict[str, Tensor]]:
        return self._numbers.state()

    def _weights(self) -> Tensor:
        """Return the weights, ``(outputs,)``: those of the outputs that share add up to their number, others are 1."""
        logits = self._numbers.value.masked_fill(~self._mask, -torch.inf)
        return torch.where(self._mask, self._mask.sum() * torch.softmax(logits, dim=0), 1.0)

    def _measured(self, losses: Tensor) -> list[Tensor | None]:
        return [loss if sharing else None for loss, sharing in zip(losses, self._sharing, strict=True)]

    def _size(self, loss: Tensor | None) -> Tensor:
        """Return the norm of the gradient of one loss on the shared weights, a scalar; 0 without a loss."""
        if loss is None:
            return torch.zeros_like(self._initial[0])
        found = torch.autograd.grad(loss, self._parameters, retain_graph=True, materialize_grads=True)
        size: Tensor = torch.linalg.vector_norm(torch.cat([gradient.flatten() for gradient in found]))
        return size

    def _slope(self, sizes: Tensor, losses: Tensor) -> Tensor:
        """Return the derivative of sum |size - target| by the log-weights; the targets are constants to them."""
        remaining = losses / self._initial.clamp(min=_TINY)
        relative = remaining / self._mean(remaining).clamp(min=_TINY)
        targets = self._mean(sizes) * relative.clamp(min=0.0) ** self._scheme.alpha
        return torch.sign(sizes - targets) * sizes

    def _mean(self, values: Tensor) -> Tensor:
        return torch.where(self._mask, values, 0.0).sum() / self._mask.sum()


def shared_networks(valp: Valp, group: OptimiserGroup) -> frozenset[str]:
    """Return the sub-networks that reach all outputs of ``group``, or, if there are none, those that reach two."""
    reached = [valp.ancestors(output) for output in group.outputs]
    counts = {network.id: sum(network.id in ancestors for ancestors in reached) for network in valp.networks}
    by_all = frozenset(network for network, count in counts.items() if count == len(reached) > 1)
    return by_all or frozenset(network for network, count in counts.items() if count > 1)
