"""A cell network in the terminal: the cell as a tree from its output to its inputs, the network as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from valpnas.cells.block import Cell
from valpnas.cells.drawing import written
from valpnas.cells.plan import INPUT, CellPlan, NetworkPlan
from valpnas.cells.text import write_cell

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree


def described(plan: NetworkPlan) -> dict[str, Any]:
    """Return a plan's figures as plain JSON data."""
    return {
        "cell": write_cell(plan.cell),
        "architecture": plan.macro.to_json(),
        "input": list(plan.input),
        "cells": [_cell(cell) for cell in plan.cells],
        "unread": list(plan.unread),
        "exits": [{"position": each.position, "weight": each.weight} for each in plan.exits],
        "classes": plan.exits[-1].head.classes if plan.exits else 0,
        "output": list(plan.output),
        "parameters": plan.trainable,
        "parameters_with_statistics": plan.with_statistics,
        "multiply_adds": plan.multiply_adds,
        "flops": plan.flops,
    }


def print_plan(plan: NetworkPlan, console: Console) -> None:
    """Print the cell, the cells that are built and the totals; multiply-adds and FLOPs are those of one row."""
    from rich.table import Table

    console.print(cell_tree(plan))
    table = Table()
    for head in ("cell", "kind", "reads", "emits", "parameters", "multiply-adds"):
        table.add_column(head, justify="right" if head in ("parameters", "multiply-adds") else "left")
    for cell in map(_cell, plan.cells):
        reads = ", ".join("input" if at == INPUT else f"cell {at}" for at in dict.fromkeys(cell["reads"]))
        figures = (f"{cell[name]:,}" for name in ("parameters", "multiply_adds"))
        table.add_row(str(cell["position"]), cell["kind"], reads, written(tuple(cell["output"])), *figures)
    if plan.cells:
        console.print(table)
        if plan.unread:
            console.print(_unread(plan), soft_wrap=True)
    for each in plan.exits:
        where = "the input" if each.position == INPUT else f"cell {each.position}"
        console.print(f"exit behind {where}: {each.head.classes} classes, loss weight {each.weight:g}")
    console.print(f"parameters: {plan.trainable:,} ({plan.with_statistics:,} with running statistics)")
    console.print(f"per row: {plan.multiply_adds:,} multiply-adds, {plan.flops:,} FLOPs")


def _unread(plan: NetworkPlan) -> str:
    """Say which cells of the stack are not built, and why a normal cell may halve its map nevertheless."""
    gone = ("cells " if len(plan.unread) > 1 else "cell ") + ", ".join(map(str, plan.unread))
    told = f"not built, for nothing reads it: {gone} (of 0 to {plan.macro.positions - 1})"
    past = any(look.stride > 1 for cell in plan.cells if not cell.reduction for look in cell.lookbacks)
    return told + ("; a normal cell that reads past a reduction halves the map" if past else "")


def cell_tree(plan: NetworkPlan) -> Tree:
    """Return the cell as a tree; a block that is read more than once is written out where it comes first."""
    from rich.tree import Tree

    cell, macro = plan.cell, plan.macro
    if not cell.blocks:
        return Tree("the empty cell: no blocks")
    several = len(cell.unused) > 1 or macro.project
    tree = Tree("cell output" + (" = concat, 1x1 convolution" if several else ""))
    known: set[int] = set()
    for block in cell.unused:
        _grow(tree, cell, block, known)
    if macro.residual:
        tree.add(f"+ lookback {cell.lookbacks[0]} (residual)")
    return tree


def _grow(tree: Tree, cell: Cell, position: int, known: set[int]) -> None:
    if position in known:
        tree.add(f"block {position}, as above")
        return
    known.add(position)
    branch = tree.add(f"block {position}")
    block = cell.blocks[position]
    for source, operation in zip(block.inputs, block.operations, strict=True):
        if source < 0:
            branch.add(f"{operation} of lookback {source}")
        else:
            _grow(branch.add(f"{operation} of"), cell, source, known)


def _cell(cell: CellPlan) -> dict[str, Any]:
    return {
        "position": cell.position,
        "kind": "reduction" if cell.reduction else "normal",
        "reads": [look.position for look in cell.lookbacks],
        "output": list(cell.output),
        "parameters": sum(unit.trainable for unit in cell.units()),
        "multiply_adds": sum(unit.multiply_adds for unit in cell.units()),
    }
