"""The dense kind: a torch module for a DenseSpec, how it is initialised, and its tensors' names.

Tensor names (weights are stored as inputs x units): ``sources.<source>.<path>`` is the row block of a source in the
first matrix of a path that starts at the input; ``<path>.<j>.weight`` and ``<path>.<j>.bias`` belong to the path's
``j``-th layer, the last being the linear one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod, sqrt
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from valpnas.contracts.network_kind import DecoderModule, GrowthRule, NetworkKind, NetworkModule, Source
from valpnas.contracts.space import Space
from valpnas.errors import InvalidValpError
from valpnas.networks.activations import FUNCTIONS
from valpnas.networks.containers import Named, Parameters
from valpnas.networks.dense_growth import dense_growth
from valpnas.networks.dense_spec import DenseSpec, Layer


class DenseModule(NetworkModule):
    """The network of a ``DenseSpec``; every source is flattened to ``(n, d)``."""

    def __init__(self, spec: DenseSpec, sources: Mapping[str, Source]) -> None:
        """Make all parameters, uninitialised."""
        super().__init__()
        self.spec = spec
        self.identities = tuple(name for name, source in sources.items() if source.identity)
        at_input = [path for path in spec.paths if spec.start(path) == 0]
        first = {path: _widths(spec, path)[0] for path in at_input}
        self.sources = Named(
            {
                name: Parameters({path: (prod(source.shape), first[path]) for path in at_input})
                for name, source in sources.items()
            }
        )
        # Plain lists beside the registered modules: looking modules up by name costs more than the arithmetic.
        self.layers = {path: _path_layers(spec, path) for path in spec.paths}
        self._blocks = dict(self.sources.items())
        for path, layers in self.layers.items():
            self.add_module(path, Named({str(j): layer for j, layer in enumerate(layers)}))
        self._ending = [
            [f"b{i}" for i, b in enumerate(spec.branches) if b.end == k] for k in range(len(spec.layers) + 2)
        ]

    def forward(self, sources: Mapping[str, Tensor]) -> Tensor:
        """Map the sources' values, ``(n, *shape)`` each, to ``(n, output)``."""
        flat = {name: value.flatten(1) for name, value in sources.items()}
        values: list[Tensor | None] = [None]
        for position in range(1, len(self.spec.layers) + 2):
            value = self._layer("main", position - 1, values[-1], flat)
            for path in self._ending[position]:
                start = self.spec.start(path)
                value = value + self._path(path, value if start == position else values[start], flat)
            values.append(value)
        output = values[-1]
        assert output is not None  # noqa: S101 - tells mypy what the loop guarantees
        for name in self.identities:
            output = output + sources[name]
        return output

    def _path(self, path: str, value: Tensor | None, flat: Mapping[str, Tensor]) -> Tensor:
        for j in range(len(self.spec.paths[path])):
            value = self._layer(path, j, value, flat)
        return self._layer(path, len(self.spec.paths[path]), value, flat)

    def _layer(self, path: str, j: int, value: Tensor | None, flat: Mapping[str, Tensor]) -> Tensor:
        """Apply the ``j``-th layer of a path; ``value`` is None at the input, where every source has its own block."""
        layer = self.layers[path][j]
        if value is not None:
            total = torch.addmm(layer["bias"], value, layer["weight"])
        else:
            total = layer["bias"]
            for name, block in self._blocks.items():
                total = torch.addmm(total, flat[name], block[path])
        hidden = self.spec.paths[path]
        return FUNCTIONS[hidden[j].activation](total) if j < len(hidden) else total


def _widths(spec: DenseSpec, path: str) -> list[int]:
    return [*(layer.width for layer in spec.paths[path]), spec.end_width(path)]


def _path_layers(spec: DenseSpec, path: str) -> list[Parameters]:
    """Parameters of each layer of a path; the first has no weight of its own when the path starts at the input."""
    start = spec.start(path)
    widths = _widths(spec, path)
    before = [spec.width_at(start) if start else None, *widths[:-1]]
    shapes = [
        {"bias": (out,)} | ({"weight": (fan_in, out)} if fan_in else {})
        for fan_in, out in zip(before, widths, strict=True)
    ]
    return [Parameters(shape) for shape in shapes]


def output_layer(spec: DenseSpec) -> tuple[str, ...]:
    """Return the names of every tensor whose zeroing makes the network emit zero (before identity arcs).

    Raises:
        InvalidValpError: a branch goes from input to output without a layer, so no tensor is its last alone.
    """
    final = len(spec.layers) + 1
    if any(branch.start == 0 and not branch.layers and branch.end == final for branch in spec.branches):
        raise InvalidValpError("dense", f"expected hidden layers on every way from input to output, got {spec}")
    last = [f"main.{final - 1}", *(f"b{i}.{len(b.layers)}" for i, b in enumerate(spec.branches) if b.end == final)]
    return tuple(f"{name}.{part}" for name in last for part in ("weight", "bias"))


def initialise_dense(module: DenseModule, generator: torch.Generator) -> None:
    """He-uniform weights for hidden layers, LeCun-uniform for linear ones, zero biases."""
    blocks = module.sources.values()
    heard = sum(block["main"].shape[0] for block in blocks)
    for path, hidden in module.spec.paths.items():
        for j, layer in enumerate(module.layers[path]):
            gain = 1.0 if j == len(hidden) or hidden[j].activation == "linear" else 2.0
            nn.init.zeros_(layer["bias"])
            at_input = j == 0 and module.spec.start(path) == 0
            for weight in [block[path] for block in blocks] if at_input else [layer["weight"]]:
                bound = sqrt(3.0 * gain / (heard if at_input else weight.shape[0]))
                nn.init.uniform_(weight, -bound, bound, generator=generator)


class DenseKind(NetworkKind):
    """Fully connected sub-networks."""

    name: ClassVar[str] = "dense"

    def read(self, data: Mapping[str, Any]) -> DenseSpec:
        """Return the spec that ``to_json`` wrote."""
        return DenseSpec.from_json(data)

    def random(self, space: Space, rng: np.random.Generator) -> DenseSpec:
        """Draw a plain chain within ``space``; branches come from growth."""
        return random_dense(space, rng)

    def build(self, spec: Any, sources: Mapping[str, Source]) -> NetworkModule:
        """Build a ``DenseModule``."""
        return DenseModule(spec, sources)

    def initialise(self, module: NetworkModule | DecoderModule, generator: torch.Generator) -> None:
        """Initialise a ``DenseModule``."""
        assert isinstance(module, DenseModule)  # noqa: S101 - the kernel hands back what build made
        initialise_dense(module, generator)

    def growth(self) -> Mapping[str, GrowthRule]:
        """Return the rules of the micro operators."""
        return dense_growth()


def random_dense(space: Space, rng: np.random.Generator) -> DenseSpec:
    """Draw output width, hidden layers and activations within ``space``."""
    layers = tuple(Layer(space.width(rng), space.activation(rng)) for _ in range(space.layers(rng)))
    return DenseSpec(space.width(rng), layers)
