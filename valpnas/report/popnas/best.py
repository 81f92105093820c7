"""The best cells of a run, drawn: boxes and arrows in pixels, ready to be written as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from valpnas.cells.drawing import Drawing, draw_cell
from valpnas.report.popnas.tried_cells import TriedCell, TriedCells

WIDTH, HEIGHT = 104, 30  # of a box
_COLUMN, _ROW, _EDGE = 142, 46, 14  # distances between boxes, and to the border
_BEND = 0.9  # rows by which an arrow over a column passes below what lies between, and how many more for each further
_MORE = 0.22


@dataclass(frozen=True)
class Placed:
    """A box: ``x``, ``y`` is its left upper corner."""

    text: str
    look: str
    x: float
    y: float


@dataclass(frozen=True)
class BestCell:
    """A cell with its picture, ``width`` by ``height`` pixels; ``test`` is its score on test rows where it is known."""

    tried: TriedCell
    test: float | None
    width: int
    height: int
    boxes: tuple[Placed, ...]
    paths: tuple[str, ...]


def best_cells(cells: TriedCells, count: int, test: Mapping[int, Mapping[str, float]]) -> list[BestCell]:
    """Draw the ``count`` best cells; ``test`` has objectives on test rows by candidate."""
    return [_drawn(cells, each, test.get(each.candidate, {})) for each in cells.best(count)]


def _drawn(cells: TriedCells, tried: TriedCell, test: Mapping[str, float]) -> BestCell:
    drawing, output = draw_cell(tried.cell, cells.networks.macro), cells.networks.output
    top = min(box.row for box in drawing.boxes)
    places = {b.name: (_EDGE + b.column * _COLUMN, _EDGE + (b.row - top) * _ROW) for b in drawing.boxes}
    boxes = tuple(Placed(box.text, box.look, *places[box.name]) for box in drawing.boxes)
    paths = tuple(_path(drawing, places, *arrow) for arrow in drawing.arrows)
    ends = [y + HEIGHT for _, y in places.values()]
    lowest = max([*ends, *(_lowest(drawing, places, *arrow) for arrow in drawing.arrows)])
    width = max(x for x, _ in places.values()) + WIDTH + _EDGE
    return BestCell(tried, 1 - test[output] if output in test else None, width, round(lowest + _EDGE), boxes, paths)


_Places = Mapping[str, tuple[float, float]]


def _bend(drawing: Drawing, source: str, target: str) -> float:
    """Return how far below its ends an arrow is pulled, in pixels: by nothing to the next column."""
    over = drawing.box(target).column - drawing.box(source).column - 1
    return _ROW * (_BEND + _MORE * over) * 4 / 3 if over else 0.0  # a cubic path comes three quarters of the way


def _path(drawing: Drawing, places: _Places, source: str, target: str) -> str:
    (x, y), (to_x, to_y) = places[source], places[target]
    begin, end = (x + WIDTH, y + HEIGHT / 2), (to_x - 2, to_y + HEIGHT / 2)
    reach, bend = (end[0] - begin[0]) * 0.4, _bend(drawing, source, target)
    ways = ((begin[0] + reach, begin[1] + bend), (end[0] - reach, end[1] + bend), end)
    return f"M{begin[0]:.0f},{begin[1]:.0f} C" + " ".join(f"{a:.0f},{b:.0f}" for a, b in ways)


def _lowest(drawing: Drawing, places: _Places, source: str, target: str) -> float:
    return max(places[source][1], places[target][1]) + HEIGHT / 2 + 0.75 * _bend(drawing, source, target)
