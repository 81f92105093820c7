"""Charts of scores: in the order of training, against what a cell costs, and the work of each round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from valpnas.report.figure import (
    BLUE,
    GREY,
    ORANGE,
    SERIES,
    Figure,
    Trace,
    axis,
    figure,
    grid,
    hover,
    key_of_axis,
    name_of_axis,
)
from valpnas.report.popnas.results import SCORE
from valpnas.report.popnas.tried_cells import TriedCell, TriedCells

UNITS = {"seconds": "seconds of training", "latency": "latency, ms", "flops": "FLOPs a row"}
_MANY = 150  # points from which on they are drawn smaller


def colour_of(number: int) -> str:
    """Return the colour of a round."""
    return SERIES[(number - 1) % len(SERIES)]


def front_of(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Return costs and scores of the points ``(cost, score)`` that no other beats in both, by rising cost."""
    front: list[tuple[float, float]] = []
    for cost, score in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or score > front[-1][1]:
            front.append((cost, score))
    return [cost for cost, _ in front], [score for _, score in front]


def told(each: TriedCell) -> str:
    """Return the hover text of a cell: what it is, why it was tried, what came of it."""
    expected = [f"expected {name}: {value:.4g}" for name, value in each.estimates.items()]
    got = "failed: " + each.failure if each.score is None else f"score: {each.score:.4f}"
    costs = [f"{name}: {value:,.4g}" for name, value in each.costs.items()]
    return hover([f"candidate {each.candidate}, round {each.round}: {each.reason}", each.text, got, *costs, *expected])


def scores_chart(cells: TriedCells) -> Figure:
    """Return every score in the order in which cells were proposed, and the best so far."""
    trained = cells.trained
    best = list(accumulate((each.got(SCORE) for each in trained), max))
    line = {"mode": "lines", "line": {"color": ORANGE, "shape": "hv"}, "name": "best so far", "hoverinfo": "skip"}
    data: list[Trace] = [{"type": "scatter", "x": [each.candidate for each in trained], "y": short(best), **line}]
    for number in cells.rounds:
        of = [each for each in trained if each.round == number]
        name = f"round {number}" if len(cells.rounds) > 1 else "trained"
        data.append({**_dots(of, number, len(trained), name), "x": [each.candidate for each in of]})
    return figure(data, 340, xaxis=axis("candidate, in the order in which they were proposed"), yaxis=axis("score"))


def costs_chart(cells: TriedCells) -> Figure:
    """Return the score of every cell against each cost, measured or exact, with the front of both."""
    trained, names = cells.trained, cells.weighed or ["seconds"]
    panels = grid(len(names), 2, tall=320)
    data: list[Trace] = []
    layout: dict[str, object] = {}
    for i, name in enumerate(names):
        on = {"xaxis": name_of_axis("x", i), "yaxis": name_of_axis("y", i), "showlegend": i == 0}
        x, y = front_of([(each.got(name), each.got(SCORE)) for each in trained])
        line = {"mode": "lines", "line": {"color": GREY, "shape": "hv"}, "name": "front", "hoverinfo": "skip"}
        data.append({"type": "scatter", "x": short(x), "y": short(y), **line, **on})
        for number in cells.rounds:
            of = [each for each in trained if each.round == number]
            dots = _dots(of, number, len(trained), f"round {number}" if len(cells.rounds) > 1 else "trained")
            data.append({**dots, "x": short([each.got(name) for each in of]), **on})
        across, up = panels.places[i]
        layout[key_of_axis("x", i)] = axis(UNITS.get(name, name), domain=across, anchor=on["yaxis"], rangemode="tozero")
        layout[key_of_axis("y", i)] = axis("score", domain=up, anchor=on["xaxis"])
    return figure(data, panels.height, **layout)


def rounds_chart(rows: Sequence[Mapping[str, object]]) -> Figure:
    """Return cells (left) and seconds of training (right) by round, from rows of the summary."""
    panels = grid(2, 2, tall=200)
    (left, whole), (right, _) = panels.places
    shown = (("trained", BLUE, "x", "y"), ("failed", GREY, "x", "y"), ("seconds", ORANGE, "x2", "y2"))
    data = [
        {
            "type": "bar",
            "x": [row["round"] for row in rows],
            "y": [row[what] for row in rows],
            "name": what if what != "seconds" else "seconds of training",
            "marker": {"color": colour},
            "xaxis": x,
            "yaxis": y,
            "hovertemplate": f"round %{{x}}: %{{y:,.5g}} {what}<extra></extra>",
        }
        for what, colour, x, y in shown
    ]
    return figure(
        data,
        panels.height,
        barmode="stack",
        xaxis=axis("round", domain=left, dtick=1),
        xaxis2=axis("round", domain=right, anchor="y2", dtick=1),
        yaxis=axis("cells", domain=whole),
        yaxis2=axis("seconds", domain=whole, anchor="x2"),
    )


def _dots(of: Sequence[TriedCell], number: int, points: int, name: str) -> Trace:
    marker = {"color": colour_of(number), "size": 8 if points < _MANY else 5, "opacity": 0.8}
    common = {"type": "scatter", "mode": "markers", "marker": marker, "name": name, "legendgroup": name}
    texts = {"text": [told(each) for each in of], "hovertemplate": "%{text}<extra></extra>"}
    return {**common, **texts, "y": short([each.got(SCORE) for each in of])}


def short(values: Iterable[float]) -> list[float]:
    """Return numbers with as many digits as a chart can show."""
    return [float(f"{value:.5g}") for value in values]
