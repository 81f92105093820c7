"""Which positions of the macro-architecture get a cell: those that the last one reads, straight or through others."""

from __future__ import annotations

from collections.abc import Iterable

from valpnas.cells.block import Cell
from valpnas.errors import InvalidCellError


def built_positions(cell: Cell, positions: int) -> tuple[int, ...]:
    """Return the positions, ascending, whose output reaches the end of a stack of ``positions`` cells.

    Positions count from 0, so the last is ``positions - 1``; a stack of M motifs with N normal cells each has
    ``M * (N + 1) - 1`` (POPNASv3 3.1). A cell at position ``p`` reads ``p + lookback``, which is the network's input
    where it is below 0. With ``-1`` among the lookbacks all positions are built, with ``-2`` alone every second counted
    back from the last. The published code counts back by the nearest lookback alone, which leaves out cells that a
    cell of the lookbacks -2 and -3 reads; here they are built. The empty cell is built nowhere.

    Raises:
        InvalidCellError: ``positions`` is below 1.
    """
    return reached_positions(cell.lookbacks, positions)


def reached_positions(lookbacks: Iterable[int], positions: int) -> tuple[int, ...]:
    """Return what ``built_positions`` does, of a cell that reads ``lookbacks``."""
    if positions < 1:
        raise InvalidCellError("cell", f"expected a stack of one position or more, got {positions}")
    distances = tuple(lookbacks)
    reached = {positions - 1} if distances else set()
    for position in range(positions - 1, -1, -1):  # everything that reads a position lies behind it
        if position in reached:
            reached |= {position + distance for distance in distances if position + distance >= 0}
    return tuple(sorted(reached))
