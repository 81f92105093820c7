"""CellSpec: a cell, the architecture it is stacked in, and the map that every source is brought into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from valpnas.cells.block import Cell
from valpnas.cells.macro import Macro
from valpnas.cells.plan import NetworkPlan, plan_network
from valpnas.cells.text import read_cell, write_cell
from valpnas.errors import InvalidCellError
from valpnas.graph.spec import Shape, Spec


@dataclass(frozen=True)
class CellSpec(Spec):
    """A cell network that emits ``(channels of its last cell,)``, the means over its last map.

    The map inside has ``channels`` and ``extent``, whatever the sources are, and so has all behind it. ``entry`` says
    that sources enter it through weights of their own. Without, the network takes one source only, a map of exactly
    this shape, and passes it on as it is: the published networks, which have no such weights, are of this form.
    """

    cell: Cell
    macro: Macro
    channels: int
    extent: tuple[int, ...]
    entry: bool = True
    kind: ClassVar[str] = "cell"

    def __post_init__(self) -> None:
        """Raise ``InvalidCellError`` when the network cannot be planned, or has classifiers of its own."""
        if self.macro.exits != "last":
            raise InvalidCellError("cell", f"expected no exits inside a network, got {self.macro.exits!r}; say 'last'")
        plan_of(self)

    @property
    def shape(self) -> Shape:
        """Shape of the map inside, ``(channels, *extent)``."""
        return self.channels, *self.extent

    @property
    def output_shape(self) -> Shape:
        """A vector."""
        return plan_of(self).output[:1]

    @property
    def summary(self) -> str:
        """The cell, and the stack that is made of it."""
        stack = f"{self.macro.motifs} motifs of {self.macro.normal_cells}, {self.macro.filters} filters"
        return f"{write_cell(self.cell)}, {stack}" + ("" if self.macro.residual else ", no residual")

    def takes(self, shapes: Sequence[Shape]) -> bool:
        """Any sources through an entry; without one, a single map of the network's own shape."""
        return self.entry or list(shapes) == [self.shape]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        macro = self.macro.to_json()
        return {
            "cell": write_cell(self.cell),
            "macro": macro,
            "channels": self.channels,
            "extent": list(self.extent),
            "entry": self.entry,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> CellSpec:
        """Read what ``to_json`` wrote."""
        macro = Macro.from_json(data["macro"])
        return CellSpec(read_cell(data["cell"]), macro, data["channels"], tuple(data["extent"]), data["entry"])


@lru_cache(maxsize=512)
def plan_of(spec: CellSpec) -> NetworkPlan:
    """Return the plan of a spec's network; raises ``InvalidCellError`` when there can be none."""
    return plan_network(spec.cell, spec.macro, spec.shape)
