"""The drawing of a VALP: boxes, arcs and what each is about, in pixels, ready to be written as SVG."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from valpnas.graph.subgraphs import exclusive_subgraph, served_outputs
from valpnas.graph.valp import Valp
from valpnas.report.layout import Layout, Point, lay_out

WIDTH, HEIGHT = 138, 44  # of a box
_LAYER, _ROW, _EDGE = 200, 62, 18  # distances between boxes, and to the border
_THINNEST, _WIDEST = 1.0, 8.0
_UNKNOWN = 2.0  # width of an arc whose influence is not known


@dataclass(frozen=True)
class Box:
    """A component: ``x``, ``y`` its left upper corner; ``serves`` the outputs it can alter."""

    name: str
    role: str  # input, network or output
    label: str
    x: float
    y: float
    serves: tuple[str, ...]
    exclusive_to: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """An arc as an SVG path; ``influence`` is None where the weights are gone."""

    source: str
    target: str
    path: str
    width: float
    identity: bool
    influence: float | None
    serves: tuple[str, ...]
    exclusive_to: str


@dataclass(frozen=True)
class Drawing:
    """A VALP drawn: its size in pixels, boxes and arcs."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def draw(
    valp: Valp, parameters: Mapping[str, int], ages: Mapping[str, int], influence: Mapping[tuple[str, str], float]
) -> Drawing:
    """Draw ``valp``; parameters, ages (batches) and influence may be empty where the weights are gone."""
    layout = lay_out(valp)
    owner = {name: output for output in valp.tasks for name in exclusive_subgraph(valp, output)}
    boxes = tuple(_box(valp, name, layout, owner, parameters, ages) for name in valp.digraph)
    lines = tuple(_line(valp, arc, layout, owner, influence) for arc in sorted(valp.arc_map))
    width = (layout.layers - 1) * _LAYER + WIDTH + 2 * _EDGE
    return Drawing(width, round(layout.rows * _ROW + 2 * _EDGE), boxes, lines)


def describe(spec: Mapping[str, Any]) -> list[str]:
    """Return what a spec's plain data say, a line per key; layers in one line."""
    lines: list[str] = []
    for key, value in spec.items():
        if isinstance(value, Mapping):
            lines += [f"{key}: {line}" for line in describe(value)]
        elif key == "layers":
            lines.append("layers: " + ", ".join(_layer(layer) for layer in value))
        elif key == "branches":
            lines += [f"branch from {b['start']} to {b['end']}: {_layers(b['layers'])}" for b in value]
        else:
            lines.append(f"{key}: {value}")
    return lines


def _box(
    valp: Valp,
    name: str,
    layout: Layout,
    owner: Mapping[str, str],
    parameters: Mapping[str, int],
    ages: Mapping[str, int],
) -> Box:
    x, y = _corner(layout.places[name])
    role = "network" if name in valp.specs else "output" if name in valp.tasks else "input"
    serves = (name,) if role == "output" else served_outputs(valp, name)
    lines = _lines(valp, name, role)
    if name in parameters:
        lines.append(f"parameters: {parameters[name]:,}")
    if name in ages:
        lines.append(f"trained for {ages[name]:,} batches since it was made")
    if role != "output":
        lines.append(f"can alter: {', '.join(serves) or 'nothing'}")
    return Box(name, role, _label(valp, name, role), x, y, serves, owner.get(name, ""), tuple(lines))


def _lines(valp: Valp, name: str, role: str) -> list[str]:
    if role == "network":
        spec = valp.specs[name]
        return [f"kind: {spec.kind}", f"emits: {_shape(spec.output_shape)}", *describe(spec.to_json())]
    if role == "input":
        vertex = next(vertex for vertex in valp.inputs if vertex.name == name)
        return [f"input, {vertex.kind}", f"shape: {_shape(vertex.shape)}"]
    how = valp.output_training[name]
    task = valp.tasks[name]
    trained = f"trained by {how.algorithm} at a learning rate of {how.learning_rate:.3g}"
    return [f"task: {task.name}", f"numbers it emits: {task.width}", trained]


def _label(valp: Valp, name: str, role: str) -> str:
    if role == "network":
        return f"{valp.specs[name].kind}, emits {_shape(valp.specs[name].output_shape)}"
    return f"input, {_shape(valp.shape(name))}" if role == "input" else valp.tasks[name].name


def _line(
    valp: Valp,
    arc: tuple[str, str],
    layout: Layout,
    owner: Mapping[str, str],
    influence: Mapping[tuple[str, str], float],
) -> Line:
    source, target = arc
    serves = (target,) if target in valp.tasks else served_outputs(valp, target)
    (x, y), (to_x, to_y) = _corner(layout.places[source]), _corner(layout.places[target])
    bends = [(left + WIDTH / 2, top + HEIGHT / 2) for left, top in map(_corner, layout.bends[arc])]
    points = [(x + WIDTH, y + HEIGHT / 2), *bends, (to_x - 3, to_y + HEIGHT / 2)]
    share = influence.get(arc)
    width = _UNKNOWN if share is None else _THINNEST + (_WIDEST - _THINNEST) * share
    own = owner.get(source, "") if owner.get(source) in {owner.get(target), target} else ""
    return Line(source, target, _path(points), round(width, 2), valp.arc_map[arc].identity, share, serves, own)


def _path(points: Sequence[Point]) -> str:
    """Return a smooth path that leaves and enters every point horizontally."""
    text = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        middle = (x + to_x) / 2
        text += f" C{middle:.1f},{y:.1f} {middle:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}"
    return text


def _corner(place: Point) -> Point:
    return _EDGE + place[0] * _LAYER, _EDGE + place[1] * _ROW - HEIGHT / 2


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _layers(layers: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(_layer(layer) for layer in layers)


def _layer(layer: Mapping[str, Any]) -> str:
    return f"{layer['width']} {layer['activation']}"
