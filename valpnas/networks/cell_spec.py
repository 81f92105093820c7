"""CellSpec: a cell, the architecture it is stacked in, and the map that every source is brought into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

from valpnas.cells.block import Cell
from valpnas.cells.macro import Macro
from valpnas.cells.plan import NetworkPlan, plan_network
from valpnas.cells.text import read_cell, write_cell
from valpnas.errors import InvalidCellError
from valpnas.graph.spec import InnerExits, Shape, Spec


@dataclass(frozen=True)
class CellSpec(Spec):
    """A cell network that emits ``(channels of its last cell,)``, the means over its last map.

    The map inside has ``channels`` and ``extent``, whatever the sources are, and so has all behind it. ``entry`` says
    that sources enter it through weights of their own. Without, the network takes one source only, a map of exactly
    this shape, and passes it on as it is: the published networks, which have no such weights, are of this form.

    Exits of the macro-architecture before its end are classifiers of ``classes`` that are trained beside the head of
    the output ``answers``, and only then computed; the one behind the end is that head, which belongs to the output.
    """

    cell: Cell
    macro: Macro
    channels: int
    extent: tuple[int, ...]
    entry: bool = True
    answers: str = ""
    classes: int = 0
    kind: ClassVar[str] = "cell"

    def __post_init__(self) -> None:
        """Raise ``InvalidCellError`` when the network cannot be planned, or exits and what they answer do not fit."""
        wanted = self.macro.exits != "last"
        if wanted != bool(self.answers) or wanted != (self.classes > 1):
            got = f"exits {self.macro.exits!r}, answers {self.answers!r}, classes {self.classes}"
            raise InvalidCellError("cell", f"expected exits inside a network to answer an output of classes, got {got}")
        plan_of(self)

    @property
    def inner_exits(self) -> InnerExits | None:
        """The classifiers before the end; none in a network of fewer than two cells."""
        weights = [each.weight for each in _with_head(self).exits]
        return InnerExits(self.answers, self.classes, tuple(weights[:-1]), weights[-1]) if len(weights) > 1 else None

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
        names = {"two": ", second exit", "all": ", exits behind all cells"}
        exits = names[self.macro.exits] if self.inner_exits else ""
        residual = "" if self.macro.residual else ", no residual"
        return f"{write_cell(self.cell)}, {self.macro.written}{residual}{exits}"

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
            # Absent where there is nothing to say: journals hold hashes of graphs from before there were exits.
            **({"answers": self.answers, "classes": self.classes} if self.answers else {}),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> CellSpec:
        """Read what ``to_json`` wrote."""
        macro = Macro.from_json(data["macro"])
        exits = data.get("answers", ""), data.get("classes", 0)
        return CellSpec(read_cell(data["cell"]), macro, data["channels"], tuple(data["extent"]), data["entry"], *exits)


@lru_cache(maxsize=512)
def plan_of(spec: CellSpec) -> NetworkPlan:
    """Return the plan of a spec's network, without an exit behind its end.

    Raises:
        InvalidCellError: there can be none.
    """
    plan = _with_head(spec)
    return replace(plan, exits=plan.exits[:-1])


@lru_cache(maxsize=512)
def _with_head(spec: CellSpec) -> NetworkPlan:
    return plan_network(spec.cell, spec.macro, spec.shape, spec.classes)
