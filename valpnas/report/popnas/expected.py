"""Charts of what was expected: the cells to choose from, the expected front beside the real one, and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from valpnas.report.figure import (
    BLUE,
    GREY,
    ORANGE,
    PURPLE,
    SERIES,
    Figure,
    Trace,
    axis,
    figure,
    grid,
    key_of_axis,
    name_of_axis,
    panel_titles,
)
from valpnas.report.popnas.refitting import Outlook
from valpnas.report.popnas.results import SCORE, predicted
from valpnas.report.popnas.scores import UNITS, colour_of, front_of, short, told
from valpnas.report.popnas.tried_cells import TriedCell, TriedCells

_EXPLORED = "exploration"


def outlook_chart(cells: TriedCells, outlook: Outlook) -> Figure:
    """Return expected score and cost of the cells of the last round: those to choose from, and those chosen."""
    names = cells.weighed
    panels, data, layout = grid(len(names), 2, tall=320), list[Trace](), dict[str, object]()
    chosen = [each for each in cells.all if each.round == outlook.round and each.estimates]
    for i, name in enumerate(names):
        on = {"xaxis": name_of_axis("x", i), "yaxis": name_of_axis("y", i), "showlegend": i == 0}
        if outlook.sample is not None:
            marker = {"color": GREY, "size": 4, "opacity": 0.5}
            dots = {"x": short(outlook.sample.costs[name]), "y": short(outlook.sample.scores), "marker": marker}
            data.append({"type": "scatter", **dots, "mode": "markers", "name": "to choose from", "hoverinfo": "skip"})
            data[-1] |= on
        data += [{**trace, **on} for trace in _chosen(chosen, name)]
        across, up = panels.places[i]
        layout[key_of_axis("x", i)] = axis(f"expected {UNITS.get(name, name)}", domain=across, anchor=on["yaxis"])
        layout[key_of_axis("y", i)] = axis("expected score", domain=up, anchor=on["xaxis"])
    return figure(data, panels.height, **layout)


def fronts_chart(cells: TriedCells) -> Figure:
    """Return a panel per round and cost: what was expected of each cell, what came of it, and the front of either."""
    rounds = sorted({each.round for each in cells.expected})
    wanted = [(number, name) for number in rounds for name in cells.weighed]
    panels, data, layout = grid(len(wanted), 2, tall=300), list[Trace](), dict[str, object]()
    for i, (number, name) in enumerate(wanted):
        on = {"xaxis": name_of_axis("x", i), "yaxis": name_of_axis("y", i), "showlegend": i == 0}
        data += [{**trace, **on} for trace in _pairs([e for e in cells.expected if e.round == number], name)]
        across, up = panels.places[i]
        layout[key_of_axis("x", i)] = axis(UNITS.get(name, name), domain=across, anchor=on["yaxis"])
        layout[key_of_axis("y", i)] = axis("score", domain=up, anchor=on["xaxis"])
    titles = panel_titles([f"round {number}" for number, _ in wanted], panels.places)
    return figure(data, panels.height, annotations=titles, **layout)


def agreement_chart(cells: TriedCells) -> Figure:
    """Return a panel per predicted quantity: what was expected of each cell against what came, before training."""
    names = predicted({name for each in cells.expected for name in each.estimates})
    panels, data, layout = grid(len(names), 2, tall=300), list[Trace](), dict[str, object]()
    rounds = sorted({each.round for each in cells.expected})
    for i, name in enumerate(names):
        on = {"xaxis": name_of_axis("x", i), "yaxis": name_of_axis("y", i), "showlegend": i == 0}
        for number in rounds:
            of = [each for each in cells.expected if each.round == number]
            dots = _points(of, [each.got(name) for each in of], [each.estimates[name] for each in of])
            marker = {"color": colour_of(number), "size": 8, "opacity": 0.8}
            data.append({**dots, "marker": marker, "name": f"round {number}", "legendgroup": f"{number}", **on})
        both = [value for each in cells.expected for value in (each.got(name), each.estimates[name])]
        line = {"x": [min(both), max(both)], "y": [min(both), max(both)], "line": {"color": GREY, "dash": "dot"}}
        data.append({"type": "scatter", **line, "mode": "lines", "name": "as expected", "hoverinfo": "skip", **on})
        across, up = panels.places[i]
        layout[key_of_axis("x", i)] = axis("measured", domain=across, anchor=on["yaxis"])
        layout[key_of_axis("y", i)] = axis("expected", domain=up, anchor=on["xaxis"])
    titles = panel_titles([UNITS.get(name, name) for name in names], panels.places)
    return figure(data, panels.height, annotations=titles, **layout)


def errors_chart(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Return MAPE (left) and Spearman's rank correlation (right) by round, a line for each predicted quantity."""
    panels = grid(2, 2, tall=200)
    (left, whole), (right, _) = panels.places
    told_of = [row for row in rows if row["errors"]]
    names = dict.fromkeys(name for row in told_of for name in row["errors"])
    data = [
        {
            "type": "scatter",
            "x": [row["round"] for row in told_of],
            "y": [row["errors"].get(name, {}).get(what) for row in told_of],
            "mode": "lines+markers",
            "name": name,
            "legendgroup": name,
            "showlegend": what == "mape",
            "line": {"color": SERIES[i % len(SERIES)]},
            "xaxis": x,
            "yaxis": y,
            "hovertemplate": f"round %{{x}}: %{{y:.3g}}<extra>{name}</extra>",
        }
        for i, name in enumerate(names)
        for what, x, y in (("mape", "x", "y"), ("spearman", "x2", "y2"))
    ]
    return figure(
        data,
        panels.height,
        xaxis=axis("round", domain=left, dtick=1),
        xaxis2=axis("round", domain=right, anchor="y2", dtick=1),
        yaxis=axis("MAPE, %", domain=whole, rangemode="tozero"),
        yaxis2=axis("Spearman", domain=whole, anchor="x2", range=[-1.05, 1.05]),
    )


def _chosen(chosen: Sequence[TriedCell], name: str) -> list[Trace]:
    kinds = (("chosen", BLUE, "circle", False), ("chosen to explore", PURPLE, "diamond", True))
    traces: list[Trace] = []
    for title, colour, symbol, explored in kinds:
        of = [each for each in chosen if (each.reason == _EXPLORED) == explored]
        dots = _points(of, [each.estimates[name] for each in of], [each.estimates[SCORE] for each in of])
        traces.append({**dots, "name": title, "marker": {"color": colour, "symbol": symbol, "size": 9}})
    front = front_of([(each.estimates[name], each.estimates[SCORE]) for each in chosen])
    return [_front(front, "expected front", ORANGE, "dash"), *(trace for trace in traces if trace["x"])]


def _pairs(of: Sequence[TriedCell], name: str) -> list[Trace]:
    """Return both points of each cell, joined, and both fronts."""
    before = [(each.estimates[name], each.estimates[SCORE]) for each in of]
    after = [(each.got(name), each.got(SCORE)) for each in of]
    joined = [[(a[k], b[k], None) for a, b in zip(before, after, strict=True)] for k in (0, 1)]
    x, y = ([value for part in parts for value in part] for parts in joined)
    line = {"mode": "lines", "line": {"color": GREY, "width": 1}, "name": "from one to the other", "hoverinfo": "skip"}
    hollow = {"color": ORANGE, "symbol": "circle-open", "size": 9, "line": {"width": 2}}
    return [
        {"type": "scatter", "x": x, "y": y, **line},
        _front(front_of(before), "expected front", ORANGE, "dash"),
        _front(front_of(after), "real front", BLUE, "solid"),
        {**_points(of, *map(list, zip(*before, strict=True))), "name": "expected", "marker": hollow},
        {**_points(of, *map(list, zip(*after, strict=True))), "name": "measured", "marker": {"color": BLUE, "size": 8}},
    ]


def _front(front: tuple[list[float], list[float]], name: str, colour: str, dash: str) -> Trace:
    line = {"color": colour, "shape": "hv", "dash": dash}
    points = {"type": "scatter", "x": short(front[0]), "y": short(front[1])}
    return {**points, "mode": "lines", "line": line, "name": name, "hoverinfo": "skip"}


def _points(of: Sequence[TriedCell], x: Sequence[float], y: Sequence[float]) -> Trace:
    texts = {"text": [told(each) for each in of], "hovertemplate": "%{text}<extra></extra>"}
    return {"type": "scatter", "mode": "markers", "x": short(x), "y": short(y), **texts}
