"""LearnedNumbers: one number per output with Adam's moments (Kingma and Ba 2015), kept by output in the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from valpnas.contracts.model import Slots

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class LearnedNumbers:
    """Numbers ``value``, ``(outputs,)``, that begin at 0 and are moved by Adam.

    Not ``torch.optim.Adam``, which has one step count per tensor: an output that is new among old ones needs a bias
    correction of its own.
    """

    def __init__(self, name: str, outputs: Sequence[str], state: Mapping[str, Slots], device: torch.device) -> None:
        """Take over the ``state`` of every output that has one of this ``name``; it is not altered."""
        self._name, self._outputs = name, tuple(outputs)
        self._state = {o: slots for o in outputs if name in (slots := state.get(o, {}))}
        self._device = device
        self._parts: dict[str, Tensor] = {}
        self.value = self.part(name)
        self._mean, self._square, self._step = (self.part(part) for part in ("exp_avg", "exp_avg_sq", "step"))

    def part(self, name: str, fresh: float = 0.0) -> Tensor:
        """Return a further number per output, ``(outputs,)``, that is kept beside ``value``; altered by the caller."""
        absent = torch.tensor(fresh)
        values = [self._state.get(output, {}).get(name, absent) for output in self._outputs]
        self._parts[name] = torch.stack(values).to(self._device)
        return self._parts[name]

    def move(self, gradient: Tensor, rate: float) -> None:
        """Take one step of Adam against ``gradient``, ``(outputs,)``."""
        self._step += 1
        self._mean.lerp_(gradient, 1 - _BETA_1)
        self._square.mul_(_BETA_2).addcmul_(gradient, gradient, value=1 - _BETA_2)
        mean = self._mean / (1 - _BETA_1**self._step)
        square = self._square / (1 - _BETA_2**self._step)
        self.value -= rate * mean / (square.sqrt() + _EPSILON)

    def state(self) -> dict[str, dict[str, Tensor]]:
        """Return every part by output, as scalars."""
        return {
            output: {part: values[i].clone() for part, values in self._parts.items()}
            for i, output in enumerate(self._outputs)
        }
