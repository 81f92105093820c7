"""The text form of cells: ``[(-2, '7 conv', -1, 'gru');(-2, 'identity', 0, '2 maxpool')]`` (POPNASv3 Table 12)."""

from __future__ import annotations

import re

from valpnas.cells.block import Block, Cell
from valpnas.errors import InvalidCellError

_BLOCK = re.compile(r"""\(\s*(-?\d+)\s*,\s*(['"])([^'"]+)\2\s*,\s*(-?\d+)\s*,\s*(['"])([^'"]+)\5\s*\)""")
_FORM = "[(in1, 'operation', in2, 'operation');(...)], or [] for the empty cell"


def read_cell(text: str) -> Cell:
    """Return the cell that ``text`` describes; blank space between its parts is of no matter.

    Operations stand between single or double quotes.

    Raises:
        InvalidCellError: ``text`` has another form, or a block reads one that comes later.
    """
    inside = text.strip()
    if not (inside.startswith("[") and inside.endswith("]")):
        raise InvalidCellError("cell", f"expected {_FORM}, got {text!r}; put the brackets around it")
    parts = inside[1:-1].strip()
    return Cell(tuple(read_block(part, text) for part in parts.split(";")) if parts else ())


def write_cell(cell: Cell) -> str:
    """Return the text of ``cell`` as the paper prints it."""
    return "[" + ";".join(map(write_block, cell.blocks)) + "]"


def write_block(block: Block) -> str:
    """Return the text of one block."""
    return f"({block.in1}, '{block.op1}', {block.in2}, '{block.op2}')"


def read_block(part: str, text: str = "") -> Block:
    """Return the block that ``part`` describes; ``text`` is that of its cell, for the message.

    Raises:
        InvalidCellError: ``part`` has another form.
    """
    match = _BLOCK.fullmatch(part.strip())
    if not match:
        raise InvalidCellError("cell", f"expected {_FORM}, got {part.strip()!r} in {text or part!r}; mend that block")
    in1, _, op1, in2, _, op2 = match.groups()
    return Block(int(in1), op1.strip(), int(in2), op2.strip())
