"""Layered layout of a VALP: inputs left, outputs right, every component one layer after the last of its sources.

Source: Sugiyama, Tagawa and Toda (1981): layers by longest path, arcs over several layers pass through place-holders,
and each layer is ordered by the mean position of its neighbours, which keeps crossings few.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from valpnas.graph.valp import Valp

Point = tuple[float, float]
Vertex = str | tuple[str, str, int]  # a component, or the place-holder of an arc (source, target) in a layer

_SWEEPS = 8
_HOLDER = 0.45  # height of a place-holder beside that of a component


@dataclass(frozen=True)
class Layout:
    """Places in units of layers and rows: ``places`` by component, ``bends`` by arc, between its two ends."""

    places: Mapping[str, Point]
    bends: Mapping[tuple[str, str], tuple[Point, ...]]
    layers: int
    rows: float


def layers_of(valp: Valp) -> dict[str, int]:
    """Return each component's layer: 0 for inputs, the last one for all outputs."""
    layer = {vertex.name: 0 for vertex in valp.inputs}
    for name in valp.order:
        layer[name] = 1 + max((layer[source] for source in valp.sources(name)), default=0)
    last = 1 + max(layer.values(), default=0)
    return layer | dict.fromkeys(valp.tasks, last)


def lay_out(valp: Valp) -> Layout:
    """Place every component and bend every arc around those it passes."""
    layer = layers_of(valp)
    columns, links = _columns(valp, layer)
    for sweep in range(_SWEEPS):
        order = range(1, len(columns)) if sweep % 2 == 0 else range(len(columns) - 2, -1, -1)
        neighbour = -1 if sweep % 2 == 0 else 1
        for i in order:
            _sort(columns[i], columns[i + neighbour], links)
    return _placed(valp, columns)


def _columns(valp: Valp, layer: Mapping[str, int]) -> tuple[list[list[Vertex]], dict[Vertex, list[Vertex]]]:
    """Return the vertices by layer, place-holders included, and each one's neighbours."""
    columns: list[list[Vertex]] = [[] for _ in range(1 + max(layer.values()))]
    links: dict[Vertex, list[Vertex]] = {}
    for name, at in layer.items():
        columns[at].append(name)
    for source, target in valp.arc_map:
        holders: list[Vertex] = [(source, target, at) for at in range(layer[source] + 1, layer[target])]
        for at, holder in enumerate(holders, start=layer[source] + 1):
            columns[at].append(holder)
        chain: list[Vertex] = [source, *holders, target]
        for one, other in itertools.pairwise(chain):
            links.setdefault(one, []).append(other)
            links.setdefault(other, []).append(one)
    return columns, links


def _sort(column: list[Vertex], beside: Sequence[Vertex], links: Mapping[Vertex, Sequence[Vertex]]) -> None:
    """Order ``column`` by the mean position of each vertex's neighbours in the column ``beside``."""
    position = {vertex: i / max(len(beside) - 1, 1) for i, vertex in enumerate(beside)}
    here = {vertex: i / max(len(column) - 1, 1) for i, vertex in enumerate(column)}

    def key(vertex: Vertex) -> float:
        near = [position[other] for other in links.get(vertex, ()) if other in position]
        return sum(near) / len(near) if near else here[vertex]

    column.sort(key=key)


def _placed(valp: Valp, columns: Sequence[Sequence[Vertex]]) -> Layout:
    """Stack every column around the same middle line."""
    heights = [sum(_height(vertex) for vertex in column) for column in columns]
    rows = max(heights)
    where: dict[Vertex, Point] = {}
    for x, (column, height) in enumerate(zip(columns, heights, strict=True)):
        y = (rows - height) / 2
        for vertex in column:
            where[vertex] = (float(x), y + _height(vertex) / 2)
            y += _height(vertex)
    bends = {
        (source, target): tuple(where[source, target, x] for x in range(len(columns)) if (source, target, x) in where)
        for source, target in valp.arc_map
    }
    return Layout({name: where[name] for name in valp.digraph}, bends, len(columns), rows)


def _height(vertex: Vertex) -> float:
    return 1.0 if isinstance(vertex, str) else _HOLDER
