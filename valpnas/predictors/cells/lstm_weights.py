"""Weights of an ensemble of LSTMs as one array, a row per model, and how Keras begins with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod, sqrt

import torch
from torch import Tensor
from torch.nn import init

from valpnas.cells.cell_space import CellSpace

PENALISED = ("from_input", "from_state", "dense")
"""What the published networks put an L2 penalty on: kernels of the LSTM and of the last layer."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of one network: those of POPNASv2 (4.1) and of its published code.

    ``inputs`` and ``operations`` count tokens, the 0 of padding with them; a network without ``attention`` feeds the
    embeddings to its LSTM, one without ``backward`` reads the blocks from the first on only.
    """

    inputs: int
    operations: int
    attention: bool = True
    backward: bool = True
    embedding: int = 10
    filters: int = 16
    units: int = 48

    @staticmethod
    def of(space: CellSpace, attention: bool, backward: bool) -> Sizes:
        """Return the sizes for the tokens of a space."""
        return Sizes(space.first_block + space.blocks, len(space.operations) + 1, attention, backward)

    @property
    def directions(self) -> int:
        """How many LSTMs there are."""
        return 2 if self.backward else 1

    @property
    def block(self) -> int:
        """Numbers that describe a block: an embedding for each of its tokens."""
        return 4 * self.embedding

    @property
    def read(self) -> int:
        """Numbers that the LSTM reads of a block."""
        return self.filters if self.attention else self.block

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each tensor of a model; gates are those of input, forgetting, output, and the new value."""
        gates, attention = 4 * self.units, {}
        if self.attention:  # queries, then keys
            attention = {"attended": (self.block, 2 * self.filters), "attended_bias": (1, 2 * self.filters)}
        return {
            "inputs": (self.inputs, self.embedding),
            "operations": (self.operations, self.embedding),
            **attention,
            "from_input": (self.directions, self.read, gates),
            "from_state": (self.directions, self.units, gates),
            "gates_bias": (self.directions, 1, gates),
            "dense": (self.directions * self.units, 1),
            "dense_bias": (1, 1),
        }

    @property
    def lengths(self) -> list[int]:
        """Numbers in each tensor."""
        return [prod(shape) for shape in self.shapes.values()]


def tensors(sizes: Sizes, weights: Tensor) -> dict[str, Tensor]:
    """Return the parts of ``weights``, ``(models, numbers)``, each ``(models, *shape)``."""
    parts = weights.split(sizes.lengths, dim=1)
    named = zip(sizes.shapes.items(), parts, strict=True)
    return {name: part.unflatten(1, shape) for (name, shape), part in named}


def initial_weights(sizes: Sizes, models: int, generator: torch.Generator) -> Tensor:
    """Return ``(models, numbers)`` drawn as Keras draws them: Glorot's uniform, orthogonal in the recurrence."""
    weights = torch.zeros(models, sum(sizes.lengths))
    for model in weights:
        for name, tensor in tensors(sizes, model[None]).items():
            _begin(name, tensor[0], sizes, generator)
    return weights


def _begin(name: str, tensor: Tensor, sizes: Sizes, generator: torch.Generator) -> None:
    """Fill one tensor in place."""
    if name in ("inputs", "operations"):
        init.uniform_(tensor, -0.05, 0.05, generator=generator)
    elif name == "from_state":
        for direction in tensor:
            init.orthogonal_(direction, generator=generator)
    elif name == "gates_bias":
        tensor[..., sizes.units : 2 * sizes.units] = 1.0  # remember, to begin with
    elif name == "attended":  # two layers beside each other
        limit = sqrt(6 / (sizes.block + sizes.filters))
        init.uniform_(tensor, -limit, limit, generator=generator)
    elif not name.endswith("bias"):
        limit = sqrt(6 / (tensor.shape[-2] + tensor.shape[-1]))
        init.uniform_(tensor, -limit, limit, generator=generator)
