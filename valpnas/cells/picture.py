"""A picture of a cell network in a file: one copy of the cell above, the network below."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from valpnas.cells.drawing import Drawing, draw_cell, draw_network
from valpnas.cells.plan import NetworkPlan
from valpnas.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".png", ".svg", ".pdf")
_COLOURS = {"input": "#dbe9f6", "operation": "#fff3d6", "join": "#e6e6e6", "output": "#dff0d8"}
_WIDE, _HIGH = 1.9, 0.8  # inches from box to box
_BEND = 0.25  # of arrows over two columns, downwards, so that they pass what lies between; less over more


def save_picture(plan: NetworkPlan, path: Path) -> None:
    """Draw the cell and the network of ``plan`` into a file.

    Raises:
        ConfigError: the file's name ends in something else than ``FORMATS``, or it cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path}: expected a file that ends in {', '.join(FORMATS)}; give it another name")
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawings = (draw_cell(plan.cell, plan.macro), draw_network(plan))
    heights = [_height(drawing) for drawing in drawings]
    width = _WIDE * max(1 + box.column for drawing in drawings for box in drawing.boxes)
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 1, height_ratios=heights)
    for each, drawing, title in zip(axes, drawings, ("cell", "network"), strict=True):
        _draw(each, drawing, title)
    with rc_context({"svg.hashsalt": "valpnas", "svg.fonttype": "none"}):  # the same bytes each time
        try:
            figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
        except OSError as error:
            raise ConfigError(
                f"{path}: expected a file that can be written, got {error.strerror}; name another"
            ) from error


def _height(drawing: Drawing) -> float:
    rows = [box.row for box in drawing.boxes]
    return _HIGH * (max(rows) - min(rows) + 2.5)


def _draw(axes: Axes, drawing: Drawing, title: str) -> None:
    places = {box.name: (box.column * _WIDE, -box.row * _HIGH) for box in drawing.boxes}
    columns = {box.name: box.column for box in drawing.boxes}
    outlines = {}
    for box in drawing.boxes:
        around = {"boxstyle": "round", "facecolor": _COLOURS[box.look], "edgecolor": "#888888"}
        text = axes.text(*places[box.name], box.text, ha="center", va="center", fontsize=8, bbox=around)
        outlines[box.name] = text.get_bbox_patch()
    for source, target in drawing.arrows:  # drawn last, for only then is it known where the outlines are
        over = columns[target] - columns[source]
        how: dict[str, Any] = {
            "arrowstyle": "->",
            "color": "#555555",
            "patchA": outlines[source],
            "patchB": outlines[target],
        }
        how |= {"shrinkA": 1, "shrinkB": 1, "connectionstyle": f"arc3,rad={_BEND * 2 / over if over > 1 else 0.0}"}
        axes.annotate("", places[target], places[source], arrowprops=how, zorder=4)
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlim(-_WIDE / 2, _WIDE * (max(columns.values()) + 0.5))
    rows = [place[1] for place in places.values()]
    axes.set_ylim(min(rows) - _HIGH, max(rows) + _HIGH)
    axes.axis("off")
