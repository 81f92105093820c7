"""Block and Cell: what a cell computes, as plain data.

A block joins two operations, each on one input. An input below zero is a lookback: ``-1`` is the output of the cell
before, ``-2`` of the one before that, at any distance; an input from zero on is an earlier block of the same cell
(POPNASv3 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from valpnas.errors import InvalidCellError


@dataclass(frozen=True, order=True)
class Block:
    """Two inputs, an operation on each, and a join: ``(in1, op1, in2, op2)``."""

    in1: int
    op1: str
    in2: int
    op2: str

    @property
    def inputs(self) -> tuple[int, int]:
        """Both inputs; negative ones are lookbacks."""
        return self.in1, self.in2

    @property
    def operations(self) -> tuple[str, str]:
        """Both operations, each on the input of the same place."""
        return self.op1, self.op2


@dataclass(frozen=True)
class Cell:
    """Blocks in the order they are computed; none at all is the empty cell, a network of its head alone."""

    blocks: tuple[Block, ...] = ()

    def __post_init__(self) -> None:
        """Raise ``InvalidCellError`` when a block reads itself or a block that comes later."""
        for position, block in enumerate(self.blocks):
            if max(block.inputs) >= position:
                raise InvalidCellError(
                    "cell", f"expected block {position} to read lookbacks or earlier blocks, got {block.inputs}"
                )

    @property
    def lookbacks(self) -> tuple[int, ...]:
        """Lookbacks that are read, the nearest first."""
        return tuple(sorted({i for block in self.blocks for i in block.inputs if i < 0}, reverse=True))

    @property
    def unused(self) -> tuple[int, ...]:
        """Blocks that no other block reads: what the cell emits."""
        read = {i for block in self.blocks for i in block.inputs}
        return tuple(position for position in range(len(self.blocks)) if position not in read)
