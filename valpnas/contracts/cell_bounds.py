"""CellBounds: bounds of cell networks - the table ``[space.cells]`` of a run file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod

from valpnas.errors import ConfigError
from valpnas.graph.spec import Shape

_MOST = {"blocks": 100, "filters": 100_000, "motifs": 30, "normal_cells": 1_000}  # what no machine holds
_SERIES = ("identity", "7 conv", "7 dconv", "7:2dr conv", "2 maxpool", "2 avgpool", "gru")
_IMAGES = ("identity", "3x3 conv", "3x3 dconv", "1x3-3x1 conv", "2x2 maxpool", "2x2 avgpool")
_UNSAID: Shape = (8, 8)  # extent where none is said and no problem is known


@dataclass(frozen=True)
class CellBounds:
    """Bounds every random choice of a cell network keeps to (all inclusive); small, as CPUs need it.

    ``operations``: expressions such as ``3x3 conv``; none for a small set that fits the extent. ``lookback``: how many
    cells back a block may read. ``channels`` and ``extent``: the map inside, into which every source is brought; no
    extent for that of the problem's largest map.
    """

    operations: tuple[str, ...] = ()
    min_blocks: int = 1
    max_blocks: int = 3
    lookback: int = 2
    min_filters: int = 4
    max_filters: int = 12
    min_motifs: int = 1
    max_motifs: int = 2
    min_normal_cells: int = 1
    max_normal_cells: int = 1
    residual: bool = True
    channels: int = 8
    extent: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for an empty range, or an extent that is neither a series' nor an image's."""
        for what, most in _MOST.items():
            low, high = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if not 1 <= low <= high <= most:
                got = f"{low} and {high}"
                raise ConfigError(f"expected 1 <= min_{what} <= max_{what} <= {most:,}, got {got}; change the range")
        if self.lookback < 1 or self.channels < 1:
            got = f"{self.lookback} and {self.channels}"
            raise ConfigError(f"expected a lookback and channels of at least 1, got {got}; raise them")
        if len(self.extent) > 2 or any(size < 1 for size in self.extent):
            raise ConfigError(f"extent: expected a length, or height and width, got {self.extent}; give one or two")

    @property
    def shape(self) -> Shape:
        """Extent of the map inside."""
        return self.extent or _UNSAID

    @property
    def available(self) -> tuple[str, ...]:
        """The operations to draw from."""
        return self.operations or (_SERIES if len(self.shape) == 1 else _IMAGES)

    def fitted(self, shapes: Iterable[Shape]) -> CellBounds:
        """Return the space with the extent of the map of most places among ``shapes``, where none is said."""
        maps = [shape[1:] for shape in shapes if len(shape) in (2, 3)]
        return self if self.extent or not maps else replace(self, extent=max(maps, key=prod))

    def smallest(self) -> CellBounds:
        """Return the part of the space with the smallest sizes."""
        lowest = {f"max_{what}": getattr(self, f"min_{what}") for what in _MOST}
        return replace(self, **lowest)
