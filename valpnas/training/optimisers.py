"""Optimisers: one torch optimiser per group of outputs, with its state taken from and given back to the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from valpnas.contracts.model import Slots
from valpnas.graph.optimiser_groups import OptimiserGroup
from valpnas.graph.valp import OutputTraining, Valp
from valpnas.networks.module import ValpModule, component_of

ADAMW_EPSILON = 1e-7  # of AdamW in Keras, with which cells were found (facts B2); torch has 1e-8

# Fused wherever torch has it for both devices: the loop over tensors costs more than the arithmetic of small networks.
_MAKERS: dict[str, Callable[[list[nn.Parameter], OutputTraining], Optimizer]] = {
    "adam": lambda parameters, how: torch.optim.Adam(parameters, lr=how.learning_rate, fused=True),
    "adamw": lambda parameters, how: torch.optim.AdamW(
        parameters, lr=how.learning_rate, eps=ADAMW_EPSILON, weight_decay=how.weight_decay, fused=True
    ),
    "sgd": lambda parameters, how: torch.optim.SGD(parameters, lr=how.learning_rate, momentum=0.9, fused=True),
    "rmsprop": lambda parameters, how: torch.optim.RMSprop(parameters, lr=how.learning_rate, foreach=True),
    "adagrad": lambda parameters, how: torch.optim.Adagrad(parameters, lr=how.learning_rate, foreach=True),
}


class GroupOptimiser:
    """The optimiser of one group: it moves every weight that can alter one of the group's outputs."""

    def __init__(
        self,
        group: OptimiserGroup,
        module: ValpModule,
        state: Mapping[str, Slots],
        components: frozenset[str] | None = None,
    ) -> None:
        """Build the optimiser and load the ``state`` of every tensor that has one.

        ``components``: move the weights of these only; None means all.
        """
        self.group = group
        reached = reached_by(module.valp, group)
        if components is not None:
            reached &= components
        self.named = {n: p for n, p in module.named_parameters() if component_of(n) in reached}
        self.parameters = list(self.named.values())
        self.optimiser = _MAKERS[group.how.algorithm](self.parameters, group.how)
        for name, slots in state.items():
            if (parameter := self.named.get(name)) is not None:  # models rest on the CPU between jobs
                kept = {part: _laid_out(value.to(parameter.device), parameter) for part, value in slots.items()}
                self.optimiser.state[parameter].update(kept)
        if group.how.algorithm == "sgd":  # fused SGD takes momenta of all tensors or of none; zero is a first step's
            for parameter in self.parameters:
                self.optimiser.state[parameter].setdefault("momentum_buffer", torch.zeros_like(parameter))

    def set_gradients(self, gradients: tuple[Tensor | None, ...]) -> None:
        """Hand over the gradients of ``parameters``.

        Fused kernels go through memory and look at no strides, so a gradient must lie as its weight does; autograd
        returns that of a transposed weight transposed.
        """
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            strays = gradient is not None and gradient.stride() != parameter.stride()
            parameter.grad = _laid_out(gradient, parameter) if gradient is not None and strays else gradient

    def step(self, factor: float) -> None:
        """Move the weights once, at ``factor`` times the group's learning rate."""
        for settings in self.optimiser.param_groups:
            settings["lr"] = self.group.how.learning_rate * factor
        self.optimiser.step()

    def state(self) -> dict[str, dict[str, Tensor]]:
        """Return the optimiser's state by tensor name."""
        return {name: _tensors(self.optimiser.state[parameter]) for name, parameter in self.named.items()}


def reached_by(valp: Valp, group: OptimiserGroup) -> frozenset[str]:
    """Return the group's outputs and every component that can alter one of them, inputs included."""
    return frozenset(group.outputs).union(*(valp.ancestors(output) for output in group.outputs))


def _laid_out(value: Tensor, parameter: Tensor) -> Tensor:
    """Return a copy of ``value`` that lies in memory as ``parameter`` does, if it has its shape."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value.clone()


def _tensors(slots: Mapping[str, Any]) -> dict[str, Tensor]:
    return {part: value for part, value in slots.items() if isinstance(value, Tensor)}
