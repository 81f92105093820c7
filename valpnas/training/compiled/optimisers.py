"""FlatOptimiser: one optimiser group's part of the flat buffer, with its gradients, moments and step counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from valpnas.contracts.model import Model, Slots
from valpnas.graph.optimiser_groups import OptimiserGroup
from valpnas.training.compiled.parameters import Parameters, Segment
from valpnas.training.compiled.stepping import MOMENTS, STEPLESS, STEPS, Stretches


class FlatOptimiser:
    """Moves every owned weight that can alter the group's outputs; ``gradient`` is flat like the weights."""

    def __init__(
        self, index: int, group: OptimiserGroup, parameters: Parameters, flat: Tensor, models: Sequence[Model]
    ) -> None:
        """Load the state of every tensor that has one; the rest begins at zero."""
        self.group, self._parameters = group, parameters
        self.tensors = parameters.moved_by(index)
        self._states = [model.optimiser.get(group.lead, {}) for model in models]
        self.gradient = torch.zeros_like(flat)
        self._moments = {part: self._loaded(part, flat) for part in MOMENTS[group.how.algorithm]}
        self._segments = parameters.segments(index, self._age)
        self._steps = torch.tensor([self._age(s) for s in self._segments], dtype=torch.float32, device=flat.device)
        self._begun = self._steps.clone()
        self._stretches = Stretches(
            self._cut(flat),
            self._cut(self.gradient),
            [self._cut(moment) for moment in self._moments.values()],
            list(self._steps.unbind()),
        )
        self._kernel = STEPS[group.how.algorithm]

    def step(self, factor: float | Tensor) -> None:
        """Move the weights once, at ``factor`` times the group's learning rate; a tensor's may change in a replay."""
        if self._segments:
            self._steps.add_(1)
            how = self.group.how
            self._kernel(self._stretches, how, how.learning_rate * factor)

    def state(self, model: int) -> dict[str, dict[str, Tensor]]:
        """Return the state of every tensor that is moved, of ``model``, as torch.optim would name it."""
        found: dict[str, dict[str, Tensor]] = {name: {} for name in self.tensors}
        if self.group.how.algorithm not in STEPLESS:
            taken = (self._steps - self._begun)[0] if self._segments else torch.zeros(())
            for name, slots in found.items():
                slots["step"] = torch.tensor(self._age_of(name, model)) + taken.cpu()
        for part, moment in self._moments.items():
            values = self._parameters.read(moment, model)
            for name, slots in found.items():
                slots[part] = values[name]
        return found

    def _loaded(self, part: str, flat: Tensor) -> Tensor:
        moment = torch.zeros_like(flat)
        known = [{name: slots[part] for name, slots in state.items() if part in slots} for state in self._states]
        self._parameters.load(moment, known)
        return moment

    def _age(self, segment: Segment) -> float:
        return self._age_of(segment.tensor, segment.model)

    def _age_of(self, tensor: str, model: int) -> float:
        return age_of(self._states[model], tensor)

    def _cut(self, flat: Tensor) -> list[Tensor]:
        return [flat[segment.start : segment.end] for segment in self._segments]


def age_of(state: Mapping[str, Slots], tensor: str) -> float:
    """Return how many steps an optimiser has moved ``tensor`` by."""
    slots = state.get(tensor, {})
    return float(slots["step"]) if "step" in slots else 0.0
