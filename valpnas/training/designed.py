"""DesignedModel: what a search hands to its user - a torch module from raw inputs to predictions in their own units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from valpnas.contracts.model import Model
from valpnas.errors import DataError, UnknownNameError
from valpnas.graph.tasks import Classification, Distribution, Generation, Task
from valpnas.graph.valp import Valp
from valpnas.networks.module import load_module
from valpnas.training.transforms import Standardise, Transforms


class DesignedModel(nn.Module):
    """A trained VALP with its problem's pre-processing inside."""

    def __init__(self, model: Model, transforms: Transforms) -> None:
        """Wrap ``model``; its weights are shared, not copied."""
        super().__init__()
        self.module = load_module(model)
        self._inputs = nn.ModuleDict({f"input_{name}": _Standardised(t) for name, t in transforms.inputs.items()})
        self._targets = nn.ModuleDict({f"target_{name}": _Standardised(t) for name, t in transforms.targets.items()})
        self.eval()

    @property
    def valp(self) -> Valp:
        """The structure."""
        return self.module.valp

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Predict every output from raw inputs ``(n, *shape)`` by name.

        Returns:
            Per output: class probabilities ``(n, classes)``, numbers in their own units ``(n, size)``, shares
            ``(n, bins)``, or a reconstruction ``(n, *shape)`` for a generation (use ``sample`` for new ones).

        Raises:
            DataError: an input is missing, is no tensor, or has another shape.
        """
        values = self.module(
            {vertex.name: self._input(vertex.name, vertex.shape, inputs) for vertex in self.valp.inputs}
        ).values
        return {name: self._natural(name, task, values[name]) for name, task in self.valp.tasks.items()}

    @torch.no_grad()
    def sample(self, output: str, count: int, generator: torch.Generator) -> Tensor:
        """Draw ``count`` new samples ``(count, *shape)`` of a generation output.

        Raises:
            UnknownNameError: ``output`` is not a generation output of this model.
            DataError: ``count`` is no whole number from 0 on, or ``generator`` no torch generator.
        """
        generations = [name for name, task in self.valp.tasks.items() if isinstance(task, Generation)]
        if output not in generations:
            raise UnknownNameError("generation output", output, generations)
        _check_draw(count, generator)
        sizes = self.module.latent_sizes()
        device = next(self.module.parameters()).device
        noise = {
            decoder: torch.randn(count, sizes[decoder], generator=generator, device=generator.device).to(device)
            for decoder in self.module.last_decoders[output]
        }
        return self._natural(output, self.valp.tasks[output], self.module.sample(output, noise))

    def _input(self, name: str, shape: tuple[int, ...], inputs: Mapping[str, Tensor]) -> Tensor:
        wanted = f"input {name!r}: expected a tensor (n, {', '.join(map(str, shape))})"
        if not isinstance(inputs, Mapping):
            raise DataError(f"{wanted} by name, got {type(inputs).__name__}; give {{{name!r}: tensor}}")
        if name not in inputs:
            raise DataError(f"{wanted}, got nothing; add it to the inputs given")
        if not isinstance(inputs[name], Tensor):
            raise DataError(f"{wanted}, got {type(inputs[name]).__name__}; make one of it with torch.as_tensor")
        if tuple(inputs[name].shape[1:]) != shape:
            raise DataError(f"{wanted}, got {tuple(inputs[name].shape)}; reshape it")
        value, key = inputs[name].float(), f"input_{name}"
        return self._inputs[key](value) if key in self._inputs else value

    def _natural(self, name: str, task: Task, logits: Tensor) -> Tensor:
        if isinstance(task, Classification | Distribution):
            return logits.softmax(dim=1)
        if isinstance(task, Generation):
            return torch.sigmoid(logits).reshape(len(logits), *task.shape)
        restored: Tensor = self._targets[f"target_{name}"].undo(logits)  # type: ignore[operator]
        return restored


def _check_draw(count: object, generator: object) -> None:
    if not isinstance(count, int) or count < 0:
        raise DataError(f"count: expected a whole number of samples from 0 on, got {count!r}; give another")
    if not isinstance(generator, torch.Generator):
        got = type(generator).__name__
        raise DataError(f"generator: expected a torch.Generator, got {got}; give torch.Generator()")


class _Standardised(nn.Module):
    """A standardisation as a module."""

    mean: Tensor
    scale: Tensor

    def __init__(self, transform: Standardise) -> None:
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(np.asarray(transform.mean, dtype=np.float32)))
        self.register_buffer("scale", torch.as_tensor(np.asarray(transform.scale, dtype=np.float32)))

    def forward(self, value: Tensor) -> Tensor:
        """Standardise."""
        return (value - self.mean) / self.scale

    def undo(self, value: Tensor) -> Tensor:
        """Return to the original units."""
        return value * self.scale + self.mean
