"""The plan of a cell network: every shape and unit of every cell that is built, as plain data.

Parameters, multiply-adds and FLOPs follow from it, and the torch modules are built from it, so both agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from valpnas.cells.allocation import Case, allocate, case_of, pointwise, projection
from valpnas.cells.block import Block, Cell
from valpnas.cells.macro import Macro
from valpnas.cells.positions import built_positions
from valpnas.cells.units import Convolution, Excitation, Head, Unit
from valpnas.errors import InvalidCellError
from valpnas.graph.spec import Shape

INPUT = -1  # the position of the network's input
_WEIGHTS = (0.25, 0.75)  # of the losses of two exits (facts B11)


@dataclass(frozen=True)
class Branch:
    """One operation of a block: where it reads, what it makes of which shape, and its units."""

    source: int
    operation: str
    case: Case
    input: Shape
    output: Shape
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Lookback:
    """What a cell reads from outside: the output at ``position``, brought to ``shape`` by ``reshape`` if it has one."""

    distance: int
    position: int
    shape: Shape
    stride: int
    reshape: Convolution | None = None


@dataclass(frozen=True)
class CellPlan:
    """One copy of the cell at its position; ``residual`` is None without one, else the units before the sum."""

    position: int
    reduction: bool
    output: Shape
    lookbacks: tuple[Lookback, ...]
    blocks: tuple[tuple[Branch, Branch], ...]
    emitted: tuple[int, ...]
    projection: Convolution | None
    excitation: Excitation | None
    residual: tuple[Unit, ...] | None

    def units(self) -> Iterator[Unit]:
        """Iterate over the units in the order in which they compute."""
        yield from (look.reshape for look in self.lookbacks if look.reshape)
        yield from (unit for block in self.blocks for branch in block for unit in branch.units)
        yield from (unit for unit in (self.projection, self.excitation) if unit)
        yield from self.residual or ()

    @property
    def sums(self) -> int:
        """Additions of blocks' joins and of the residual."""
        return (len(self.blocks) + (self.residual is not None)) * prod(self.output)


@dataclass(frozen=True)
class Exit:
    """A classifier behind the cell at ``position``, and the weight of its loss."""

    position: int
    weight: float
    head: Head


@dataclass(frozen=True)
class NetworkPlan:
    """A whole network: an input ``(channels, *extent)``, the cells that are built, and its exits if it has classes."""

    cell: Cell
    macro: Macro
    input: Shape
    cells: tuple[CellPlan, ...]
    exits: tuple[Exit, ...]

    def units(self) -> Iterator[Unit]:
        """Iterate over all units."""
        for cell in self.cells:
            yield from cell.units()
        yield from (each.head for each in self.exits)

    @property
    def unread(self) -> tuple[int, ...]:
        """Positions of the stack that get no cell, for nothing that is built reads them."""
        built = {cell.position for cell in self.cells}
        return tuple(at for at in range(self.macro.positions) if at not in built)

    @property
    def answers(self) -> bool:
        """Whether the network ends in logits: without an exit behind the last cell it ends in channel means."""
        return bool(self.exits) and self.exits[-1].position == self.last

    @property
    def last(self) -> int:
        """The position of the last cell that is built; ``INPUT`` when there is none."""
        return self.cells[-1].position if self.cells else INPUT

    @property
    def output(self) -> Shape:
        """What the last cell emits, ``(channels, *extent)``."""
        return self.cells[-1].output if self.cells else self.input

    @property
    def trainable(self) -> int:
        """Number of trainable parameters."""
        return sum(unit.trainable for unit in self.units())

    @property
    def with_statistics(self) -> int:
        """Number of parameters with the running statistics of batch normalisation, as Keras and the paper count."""
        return self.trainable + sum(unit.statistics for unit in self.units())

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one row through convolutions, recurrences and matrices."""
        return sum(unit.multiply_adds for unit in self.units())

    @property
    def flops(self) -> int:
        """Floating-point operations of one row."""
        pooled = 0 if self.answers else prod(self.output)
        return sum(unit.flops for unit in self.units()) + sum(cell.sums for cell in self.cells) + pooled


def plan_network(cell: Cell, macro: Macro, entry: Shape, classes: int = 0) -> NetworkPlan:
    """Return the plan of ``cell`` in ``macro`` for inputs of shape ``entry``, ``(channels, *extent)``.

    Without ``classes`` the network ends in global average pooling; else in as many logits at each exit.

    Raises:
        InvalidCellError: the input is no series or image, is too small for the reductions, or an operation is unknown
            or for inputs of other dimensions.
    """
    if len(entry) not in (2, 3) or min(entry) < 1:
        raise InvalidCellError(
            "cell", f"expected an input of (channels, length) or (channels, height, width), got {entry}"
        )
    cells = tuple(_plan_cell(cell, macro, entry, p) for p in built_positions(cell, macro.positions))
    return NetworkPlan(cell, macro, entry, cells, _exits(macro, entry, cells, classes))


def _plan_cell(cell: Cell, macro: Macro, entry: Shape, position: int) -> CellPlan:
    output = macro.shape(position, entry)
    filters = output[0]
    lookbacks = tuple(_lookback(macro, entry, position, distance) for distance in cell.lookbacks)
    known = {look.distance: (look.shape, look.stride) for look in lookbacks}
    blocks = tuple(_block(block, known, output) for block in cell.blocks)
    emitted = cell.unused
    projected = len(emitted) > 1 or macro.project
    nearest = lookbacks[0]
    return CellPlan(
        position,
        macro.reduces(position),
        output,
        lookbacks,
        blocks,
        emitted,
        pointwise((filters * len(emitted), *output[1:]), filters) if projected else None,
        Excitation(output) if macro.excite else None,
        projection(nearest.shape, filters, nearest.stride) if macro.residual else None,
    )


def _lookback(macro: Macro, entry: Shape, position: int, distance: int) -> Lookback:
    """Plan how a cell reads the cell ``-distance`` before it; what lies before the first cell is the input."""
    read = max(position + distance, INPUT)
    shape = macro.shape(read, entry)
    stride = 2 ** (macro.reductions(position) - macro.reductions(read))
    nearest = macro.shape(position - 1, entry)
    if not macro.reshape or shape[1:] == nearest[1:]:
        return Lookback(distance, read, shape, stride)
    behind = 2 ** (macro.reductions(position - 1) - macro.reductions(read))
    reshape = pointwise(shape, macro.shape(position, entry)[0], behind)
    return Lookback(distance, read, reshape.output, stride // behind, reshape)


def _block(block: Block, lookbacks: dict[int, tuple[Shape, int]], output: Shape) -> tuple[Branch, Branch]:
    left, right = (
        _branch(source, operation, *lookbacks.get(source, (output, 1)), output[0])
        for source, operation in zip(block.inputs, block.operations, strict=True)
    )
    return left, right


def _branch(source: int, operation: str, shape: Shape, stride: int, filters: int) -> Branch:
    units = allocate(operation, shape, filters, stride)
    output = units[-1].output if units else shape
    return Branch(source, operation, case_of(shape, filters, stride), shape, output, units)


def _exits(macro: Macro, entry: Shape, cells: tuple[CellPlan, ...], classes: int) -> tuple[Exit, ...]:
    if not classes:
        return ()
    if not cells:
        return (Exit(INPUT, 1.0, Head(entry, classes)),)
    heads = [(cell.position, Head(cell.output, classes)) for cell in cells]
    last = len(heads) - 1
    if macro.exits == "all":
        return tuple(Exit(at, 2.0 ** -(macro.positions - at), head) for at, head in heads)
    if macro.exits == "two" and last:
        second = min(round(0.66 * last), last - 1)
        return tuple(Exit(*heads[i][:1], w, heads[i][1]) for i, w in zip((second, last), _WEIGHTS, strict=True))
    return (Exit(heads[-1][0], 1.0, heads[-1][1]),)
