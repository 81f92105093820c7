"""Use of operations and inputs: by the cells of each round and by the best ones, as shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from valpnas.report.figure import Figure, Trace, axis, figure, grid, key_of_axis, name_of_axis, panel_titles
from valpnas.report.popnas.rounds import BEST
from valpnas.report.popnas.tried_cells import TriedCell, TriedCells

_ROW = 30  # pixels


def usage_chart(cells: TriedCells) -> Figure:
    """Return two tables of shares, operations and inputs; a column for each round and one for the best cells."""
    space = cells.networks.space
    inputs = [*space.lookbacks, *range(space.blocks - 1)]
    named = {"operations": list(space.operations), "inputs": [_input(each) for each in inputs]}
    columns = _columns(cells)
    height = _ROW * (max(map(len, named.values())) + 1)
    panels = grid(2, 2, tall=height)
    data: list[Trace] = []
    layout: dict[str, object] = {"annotations": panel_titles(list(named), panels.places)}
    for i, (what, names) in enumerate(named.items()):
        on = {"xaxis": name_of_axis("x", i), "yaxis": name_of_axis("y", i)}
        shares = [_shares(of, what) for of in columns.values()]
        table = [[round(each.get(name, 0.0), 4) for each in shares] for name in names]
        data.append({**_table(list(columns), names, table), **on})
        across, down = panels.places[i]
        layout[key_of_axis("x", i)] = axis("", domain=across, anchor=on["yaxis"], type="category")
        upright = axis("", domain=down, anchor=on["xaxis"], type="category", autorange="reversed")
        layout[key_of_axis("y", i)] = upright
    return figure(data, height + 70, **layout, margin={"l": 60, "r": 20, "t": 30, "b": 40})


def _columns(cells: TriedCells) -> dict[str, list[TriedCell]]:
    several = len(cells.rounds) > 1
    by_round = {f"round {n}": [each for each in cells.all if each.round == n] for n in cells.rounds}
    return {**(by_round if several else {"all": list(cells.all)}), f"best {BEST}": cells.best(BEST)}


def _shares(of: Sequence[TriedCell], what: str) -> dict[str, float]:
    """Return how often each operation or input is used, of all uses."""
    blocks = [block for each in of for block in each.cell.blocks]
    if what == "operations":
        counts = Counter(name for block in blocks for name in block.operations)
    else:
        counts = Counter(_input(source) for block in blocks for source in block.inputs)
    return {name: count / counts.total() for name, count in counts.items()}


def _input(source: int) -> str:
    return f"lookback {source}" if source < 0 else f"block {source}"


def _table(columns: Sequence[str], names: Sequence[str], shares: Sequence[Sequence[float]]) -> Trace:
    heat = {"x": list(columns), "y": list(names), "z": [list(row) for row in shares]}
    written = {"texttemplate": "%{z:.0%}", "hovertemplate": "%{y}, %{x}: %{z:.1%} of all uses<extra></extra>"}
    look = {"xgap": 1, "ygap": 1, "zmin": 0, "colorscale": "Cividis", "showscale": False}
    return {"type": "heatmap", **heat, **written, **look}
