"""Macro: the architecture into which copies of one cell are stacked (POPNASv3 3.1, figure 1c; facts B4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from valpnas.errors import InvalidCellError
from valpnas.graph.spec import Shape

Join = Literal["add", "avg"]
Exits = Literal["last", "two", "all"]


@dataclass(frozen=True)
class Macro:
    """M motifs of N normal cells, each followed by a reduction cell but the last one.

    A reduction cell doubles the filters and halves the extents. There is no stem: what would read a cell before the
    first reads the network's input.

    ``residual`` adds the nearest lookback that a cell reads to what it emits. ``reshape`` brings the lookbacks that a
    reduction lies behind to the shape of the nearest one, by a strided pointwise convolution, before a cell reads them;
    without it each operation does so itself. ``join`` is how a block joins its two operations. ``excite`` weighs the
    channels of what a cell emits (squeeze-and-excitation). ``exits`` says after which cells a classifier stands: after
    the last, also after the one at two thirds of the way, or after each. ``project`` puts the pointwise convolution
    that several unused blocks need behind a single one too, so that a block can be added without a change of function.
    """

    filters: int = 24
    motifs: int = 3
    normal_cells: int = 2
    residual: bool = True
    reshape: bool = False
    join: Join = "add"
    excite: bool = False
    exits: Exits = "last"
    project: bool = False

    def __post_init__(self) -> None:
        """Raise ``InvalidCellError`` for a count below 1, or an unknown join or exit."""
        for what in ("filters", "motifs", "normal_cells"):
            if (count := getattr(self, what)) < 1:
                raise InvalidCellError(what, f"expected 1 or more, got {count}; raise it")
        for what, kinds in (("join", Join), ("exits", Exits)):
            if getattr(self, what) not in get_args(kinds):
                known = ", ".join(get_args(kinds))
                raise InvalidCellError("cell", f"expected {what} among {known}, got {getattr(self, what)!r}")

    @property
    def written(self) -> str:
        """The stack as people write it, such as: 2 motifs of 1, 4 filters."""
        motifs, filters = (
            f"{number} {what}{'' if number == 1 else 's'}"
            for number, what in ((self.motifs, "motif"), (self.filters, "filter"))
        )
        return f"{motifs} of {self.normal_cells}, {filters}"

    @property
    def positions(self) -> int:
        """How many cells there would be if each read the one before."""
        return self.motifs * (self.normal_cells + 1) - 1

    def reduces(self, position: int) -> bool:
        """Say whether the cell at ``position`` is a reduction cell."""
        return (position + 1) % (self.normal_cells + 1) == 0

    def shape(self, position: int, entry: Shape) -> Shape:
        """Return what the cell at ``position`` emits in a network of input ``entry``, both ``(channels, *extent)``.

        Extents are halved upwards. -1 stands for the input itself.

        Raises:
            InvalidCellError: an extent of 1 would have to be halved.
        """
        if position < 0:
            return entry
        reductions = self.reductions(position)
        if any(size <= 2 ** (reductions - 1) for size in entry[1:] if reductions):
            least = 2 ** (self.motifs - 2) + 1
            raise InvalidCellError(
                "cell",
                f"expected a map of at least {least} along each dimension for {self.motifs} motifs, got extent "
                f"{'x'.join(map(str, entry[1:]))}; use fewer motifs, or larger inputs",
            )
        return self.filters * 2**reductions, *(-(-size // 2**reductions) for size in entry[1:])

    def reductions(self, position: int) -> int:
        """Return how many reduction cells there are up to ``position``, itself included; 0 at the input."""
        return max(0, position + 1) // (self.normal_cells + 1)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Macro:
        """Read what ``to_json`` wrote."""
        return Macro(**data)
