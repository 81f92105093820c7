"""Drawings of a cell and of its network as plain data: boxes in columns, and arrows between them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal

from valpnas.cells.block import Cell
from valpnas.cells.macro import Macro
from valpnas.cells.plan import INPUT, NetworkPlan
from valpnas.graph.spec import Shape

Look = Literal["input", "operation", "join", "output"]
_JOINS = {"add": "+", "avg": "mean"}


@dataclass(frozen=True)
class Box:
    """A box of a drawing: ``column`` counts from the left, ``row`` is centred around 0."""

    name: str
    text: str
    look: Look
    column: int
    row: float


@dataclass(frozen=True)
class Drawing:
    """Boxes by name, and arrows from one name to another."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]

    def box(self, name: str) -> Box:
        """Return the box called ``name``."""
        return next(box for box in self.boxes if box.name == name)


def draw_cell(cell: Cell, macro: Macro) -> Drawing:
    """Return the drawing of one copy of ``cell``: lookbacks, operations, joins, and what stands behind the blocks."""
    parts: list[tuple[str, str, Look]] = [(f"{i}", f"lookback {i}", "input") for i in sorted(cell.lookbacks)]
    arrows = []
    for at, block in enumerate(cell.blocks):
        for side, source, operation in zip("lr", block.inputs, block.operations, strict=True):
            parts.append((f"{at}{side}", operation, "operation"))
            arrows += [(f"{source}", f"{at}{side}"), (f"{at}{side}", f"{at}")]
        parts.append((f"{at}", f"block {at}: {_JOINS[macro.join]}", "join"))
    ends = [str(block) for block in cell.unused]
    if len(ends) > 1 or (ends and macro.project):
        parts.append(("concat", "concat, 1x1", "join"))
        arrows += [(end, "concat") for end in ends]
        ends = ["concat"]
    parts.append(("out", "output" if not (macro.residual and cell.blocks) else "+ residual", "output"))
    arrows += [(end, "out") for end in ends]
    if macro.residual and cell.blocks:
        arrows.append((f"{cell.lookbacks[0]}", "out"))
    return _placed(parts, arrows)


def draw_network(plan: NetworkPlan) -> Drawing:
    """Return the drawing of a network: its input, every cell that is built with what it emits, means and exits."""
    parts: list[tuple[str, str, Look]] = [(f"c{INPUT}", f"input\n{written(plan.input)}", "input")]
    arrows = []
    for cell in plan.cells:
        kind = "reduction" if cell.reduction else "normal"
        name = f"c{cell.position}"
        parts.append((name, f"cell {cell.position}, {kind}\n{written(cell.output)}", "operation"))
        arrows += [(f"c{at}", name) for at in sorted({look.position for look in cell.lookbacks})]
    for each in plan.exits:
        parts.append((f"e{each.position}", f"means, {each.head.classes} classes\nweight {each.weight:g}", "output"))
        arrows.append((f"c{each.position}", f"e{each.position}"))
    if not plan.answers:
        parts.append(("means", f"means\n{plan.output[0]}", "output"))
        arrows.append((f"c{plan.last}", "means"))
    return _placed(parts, arrows, {f"e{each.position}" for each in plan.exits if each.position != plan.last})


def written(shape: Shape) -> str:
    """Return a shape as people write it."""
    return "x".join(map(str, shape))


def _placed(
    parts: Sequence[tuple[str, str, Look]], arrows: Sequence[tuple[str, str]], above: Set[str] = frozenset()
) -> Drawing:
    """Put each part a column behind the last of what leads to it; parts come after what leads to them.

    Those ``above`` get a row of their own over all others, out of the way of arrows that pass their column.
    """
    columns: dict[str, int] = {}
    for name, _, _ in parts:
        columns[name] = 1 + max([columns[source] for source, target in arrows if target == name], default=-1)
    level = [name for name, _, _ in parts if name not in above]
    members = {column: [n for n in level if columns[n] == column] for column in set(columns.values())}
    top = -(max(map(len, members.values())) + 1) / 2
    boxes = []
    for name, text, look in parts:
        mates = members[columns[name]]
        row = top if name in above else mates.index(name) - (len(mates) - 1) / 2
        boxes.append(Box(name, text, look, columns[name], row))
    return Drawing(tuple(boxes), tuple(arrows))
