"""DenseSpec: hidden layers in a chain, and branches that run beside it.

Positions count along the chain: 0 is the network's input, ``k`` the value after the ``k``-th hidden layer, and
``len(layers) + 1`` the output, which is linear. A branch takes the value at its start, passes it through hidden
layers of its own and a linear one, and adds the result to the value at its end; a branch that ends where it starts
is a residual block. Gentle growth needs both (facts E1: activations without an exact identity; E2.2b).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from valpnas.contracts.space import ACTIVATIONS
from valpnas.errors import InvalidValpError
from valpnas.graph.spec import Shape, Spec


@dataclass(frozen=True)
class Layer:
    """A hidden layer: ``width`` units and an activation."""

    width: int
    activation: str

    def __post_init__(self) -> None:
        """Raise ``InvalidValpError`` for no units or an unknown activation."""
        if self.width < 1 or self.activation not in ACTIVATIONS:
            raise InvalidValpError("layer", f"expected width >= 1 and one of {', '.join(ACTIVATIONS)}, got {self}")


@dataclass(frozen=True)
class Branch:
    """A path beside the chain from position ``start`` to position ``end``."""

    start: int
    end: int
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class DenseSpec(Spec):
    """A dense sub-network that emits ``(output,)``."""

    output: int
    layers: tuple[Layer, ...]
    branches: tuple[Branch, ...] = ()
    kind: ClassVar[str] = "dense"
    passes_identity: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ``InvalidValpError`` unless there is a hidden layer and every branch runs forward."""
        if self.output < 1 or not self.layers:
            raise InvalidValpError("dense", f"expected output >= 1 and at least one hidden layer, got {self}")
        for branch in self.branches:
            if not (0 <= branch.start <= branch.end <= len(self.layers) + 1 and branch.end >= 1):
                raise InvalidValpError(
                    "dense", f"expected a branch to run forward along {len(self.layers)} layers, got {branch}"
                )

    @property
    def output_shape(self) -> Shape:
        """A vector."""
        return (self.output,)

    @property
    def paths(self) -> dict[str, tuple[Layer, ...]]:
        """Hidden layers by path: ``main`` is the chain, ``b0``, ``b1``, ... the branches."""
        return {"main": self.layers, **{f"b{i}": branch.layers for i, branch in enumerate(self.branches)}}

    def start(self, path: str) -> int:
        """Position at which a path takes its value."""
        return 0 if path == "main" else self.branches[int(path[1:])].start

    def width_at(self, position: int) -> int:
        """Width of the value at a position from 1 on."""
        return self.output if position == len(self.layers) + 1 else self.layers[position - 1].width

    def end_width(self, path: str) -> int:
        """Width of what a path emits."""
        return self.output if path == "main" else self.width_at(self.branches[int(path[1:])].end)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        branches = tuple({**vars(branch), "layers": _written(branch.layers)} for branch in self.branches)
        return {"output": self.output, "layers": _written(self.layers), "branches": branches}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> DenseSpec:
        """Read what ``to_json`` wrote."""
        branches = tuple(Branch(b["start"], b["end"], _layers(b["layers"])) for b in data["branches"])
        return DenseSpec(data["output"], _layers(data["layers"]), branches)


def _layers(data: list[Mapping[str, Any]]) -> tuple[Layer, ...]:
    return tuple(Layer(layer["width"], layer["activation"]) for layer in data)


def _written(layers: tuple[Layer, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(dict(vars(layer)) for layer in layers)
