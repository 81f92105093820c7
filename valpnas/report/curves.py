"""Loss curves of a model: per output, with the line that loss_slope fitted and the moments its structure changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from valpnas.contracts.finding import Finding
from valpnas.report.figure import (
    BLUE,
    GREY,
    ORANGE,
    Figure,
    Trace,
    axis,
    figure,
    grid,
    hover,
    key_of_axis,
    name_of_axis,
    panel_titles,
)
from valpnas.report.steps import Step

Losses = Mapping[str, np.ndarray]

_POINTS = 300  # of a curve: means over equal stretches, so that a long run's page stays small
_WIDE = 50.0  # a range of this factor is marked at powers of ten only
_FEW = 30  # changes up to which each has a line of its own
_SLOPE = "slope per batch"
_LEVEL = "level"


def loss_curves(histories: Losses, line: Sequence[Step], findings: Sequence[Finding]) -> Figure:
    """Return a panel per output.

    Args:
        histories: loss per batch by output, ``(batches,)``, in units of the constant predictor's loss.
        line: the line of descent of the model, the start first.
        findings: of that model; those with a slope are drawn over the batches they looked at.
    """
    outputs = sorted(name for name, losses in histories.items() if len(losses))
    panels = grid(len(outputs), 2 if len(outputs) in (2, 4) else 3)
    data: list[Trace] = []
    layout: dict[str, object] = {"annotations": panel_titles(outputs, panels.places), "showlegend": True}
    for i, output in enumerate(outputs):
        on = {"xaxis": name_of_axis("x", i), "yaxis": name_of_axis("y", i)}
        losses = np.asarray(histories[output], dtype=float)
        data += [{**trace, **on} for trace in [*_traces(losses, line), *_slopes(losses, output, findings)]]
        x, y = panels.places[i]
        layout[key_of_axis("x", i)] = axis("batches of training", domain=x, anchor=on["yaxis"])
        layout[key_of_axis("y", i)] = axis("loss (1 = constant guess)", domain=y, anchor=on["xaxis"], **_ticks(losses))
    _name_once(data)
    return figure(data, panels.height, **layout)


def thinned(losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the middles and the means of at most 300 stretches of nearly equal length."""
    edges = np.unique(np.linspace(0, len(losses), min(_POINTS, len(losses)) + 1).astype(int))
    return (edges[:-1] + edges[1:] - 1) / 2, np.add.reduceat(losses, edges[:-1]) / np.diff(edges)


def changes_of(line: Sequence[Step]) -> list[tuple[int, Step]]:
    """Return where in the histories each change of the line of descent was made, in batches."""
    ends = np.cumsum([step.kept for step in line])  # the history of a model is that of the states that counted
    return [(int(end), step) for end, step in zip(ends, line[1:], strict=False) if step.place]


def _traces(losses: np.ndarray, line: Sequence[Step]) -> list[Trace]:
    x, y = thinned(losses)
    curve = {"x": _rounded(x), "y": _rounded(y), "mode": "lines", "name": "training loss", "line": {"color": BLUE}}
    drawn = {"type": "scatter", **curve, "hovertemplate": "batch %{x}: loss %{y:.3g}<extra></extra>"}
    changes = changes_of(line)
    if not changes:
        return [drawn]
    low, high = float(y.min()), float(y.max())
    few = len(changes) <= _FEW
    marks = {
        "x": [at for at, _ in changes],
        "y": [high] * len(changes),
        "mode": "markers",
        "marker": {"symbol": "triangle-down", "color": GREY, "size": 9 if few else 5},
        "text": [hover([f"after batch {at}: {step.change}", step.place, step.reason]) for at, step in changes],
        "hovertemplate": "%{text}<extra></extra>",
    }
    lines = {
        "x": [value for at, _ in changes for value in (at, at, None)],
        "y": [value for _ in changes for value in (low, high, None)],
        "mode": "lines",
        "line": {"color": GREY, "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }
    group = {"type": "scatter", "name": "change of the model", "legendgroup": "change"}
    return [drawn, {**marks, **group}, *([{**lines, **group}] if few else [])]


def _slopes(losses: np.ndarray, output: str, findings: Sequence[Finding]) -> list[Trace]:
    """Return the fitted line of each finding that has one: a slope of the logarithm about the level in the middle."""
    about = [f for f in findings if f.output == output and not f.component and {_SLOPE, _LEVEL} <= set(f.evidence)]
    traces: list[Trace] = []
    for finding in about:
        count = int(finding.evidence.get("batches", len(losses)))
        x = np.linspace(0, count - 1, 20)
        y = finding.evidence[_LEVEL] * np.exp(finding.evidence[_SLOPE] * (x - (count - 1) / 2))
        text = hover([str(finding), "the line through the logarithm of the losses of the window, by Theil and Sen"])
        traces.append(
            {
                "type": "scatter",
                "x": _rounded(x + len(losses) - count),
                "y": [float(f"{value:.5g}") for value in y],
                "mode": "lines",
                "line": {"color": ORANGE, "width": 4, "dash": "dash"},
                "name": "fitted slope",
                "legendgroup": "slope",
                "text": [text] * len(x),
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    return traces


def _ticks(losses: np.ndarray) -> dict[str, object]:
    """Return a logarithmic axis, with marks at 1, 2 and 5 where it spans little."""
    _, y = thinned(losses)
    return {"type": "log", "tickformat": "~g", "dtick": "D2" if y.max() < _WIDE * y.min() else 1}


def _name_once(data: Sequence[Trace]) -> None:
    """Leave one entry per name in the legend."""
    seen: set[str] = set()
    for trace in data:
        trace["showlegend"] = trace["name"] not in seen
        seen.add(trace["name"])


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.6g}") for value in values]
