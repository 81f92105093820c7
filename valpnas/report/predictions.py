"""Predictions beside the truth on validation rows: confusion matrix, scatter, mean histograms, spread of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.report.figure import (
    BLUE,
    GREY,
    ORANGE,
    Figure,
    Trace,
    axis,
    figure,
    grid,
    key_of_axis,
    name_of_axis,
    panel_titles,
)

_MOST_ROWS = 800  # drawn of a regression
_MOST_PANELS = 6  # numbers of a regression that are drawn, and positions of a sample that is no image
_MOST_WRITTEN = 15  # classes up to which each field has its count written in it


@dataclass(frozen=True, eq=False)
class Predicted:
    """What the front's best model for an output predicts, and what is true.

    ``true`` and ``predicted`` are labels ``(n,)``, numbers ``(n, size)`` in their own units, shares ``(n, bins)``, or,
    for a generation, real ones ``(n, *shape)`` beside new samples ``(m, *shape)``.
    """

    output: str
    task: Task
    candidate: int
    true: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True)
class Pictures:
    """New images of a generation output beside real ones, as PNG files; ``real`` is None when none could be read."""

    output: str
    candidate: int
    generated: bytes
    real: bytes | None


def prediction_figure(shown: Predicted) -> Figure:
    """Return the chart that fits the task; raises ``TypeError`` for a task that has none."""
    if isinstance(shown.task, Classification):
        return _confusion(shown.task, shown.true, shown.predicted)
    if isinstance(shown.task, Regression):
        return _scatter(shown.true, shown.predicted)
    if isinstance(shown.task, Distribution):
        return _histograms(shown.true, shown.predicted)
    if isinstance(shown.task, Generation):
        return _spread(shown.true, shown.predicted)
    raise TypeError(f"expected a task with a chart, got {shown.task}")


def caption(shown: Predicted) -> str:
    """Return in a sentence what the chart shows."""
    model = (
        f"Candidate {shown.candidate}, the front's best for {shown.output}, on {len(shown.true):,} validation rows. "
    )
    if isinstance(shown.task, Classification):
        share = float(np.mean(shown.true == shown.predicted))
        return model + f"Each row of the matrix is a true class, each column a predicted one; {share:.1%} are right."
    if isinstance(shown.task, Regression):
        return model + "Each point is a row of data, in the target's own units; on the dotted line it would be right."
    if isinstance(shown.task, Distribution):
        return (
            model + "Bars: the true histogram and the predicted one; on average, and for a middling and the worst row."
        )
    return model + "Mean of each position of the samples, and one standard deviation: real ones and new ones."


def _confusion(task: Classification, true: np.ndarray, predicted: np.ndarray) -> Figure:
    counts = np.zeros((task.classes, task.classes), dtype=int)
    np.add.at(counts, (true.astype(int), predicted.astype(int)), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [str(label) for label in range(task.classes)]
    heat: Trace = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": np.round(shares, 4).tolist(),
        "customdata": counts.tolist(),
        "zmin": 0,
        "zmax": 1,
        "colorscale": "Cividis",
        "colorbar": {"title": {"text": "share of the true class"}},
        "hovertemplate": "true %{y}, predicted %{x}: %{customdata} rows (%{z:.1%})<extra></extra>",
        "xgap": 1,
        "ygap": 1,
    }
    if task.classes <= _MOST_WRITTEN:
        heat |= {"text": counts.tolist(), "texttemplate": "%{text}"}
    side = min(700, 220 + 34 * task.classes)
    across = axis("predicted class", type="category", constrain="domain")
    down = axis("true class", type="category", autorange="reversed", constrain="domain")
    return figure([heat], side, xaxis=across, yaxis=down, margin={"l": 60, "r": 20, "t": 15, "b": 55})


def _scatter(true: np.ndarray, predicted: np.ndarray) -> Figure:
    size = min(true.shape[1], _MOST_PANELS)
    rows = np.linspace(0, len(true) - 1, min(len(true), _MOST_ROWS)).astype(int)
    panels = grid(size, 2 if size in (2, 4) else 3, tall=300)
    data: list[Trace] = []
    layout: dict[str, object] = {"showlegend": False, "margin": {"l": 60, "r": 20, "t": 15, "b": 55}}
    for i in range(size):
        on = {"xaxis": name_of_axis("x", i), "yaxis": name_of_axis("y", i)}
        x, y = true[rows, i], predicted[rows, i]
        ends = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
        marker = {"color": BLUE, "size": 6, "opacity": 0.6}
        hovered = "true %{x:.4g}, predicted %{y:.4g}<extra></extra>"
        points = {"x": _short(x), "y": _short(y), "mode": "markers", "marker": marker, "hovertemplate": hovered}
        exact = {"x": ends, "y": ends, "mode": "lines", "line": {"color": GREY, "dash": "dot"}, "hoverinfo": "skip"}
        data += [{"type": "scatter", **points, **on}, {"type": "scatter", **exact, **on}]
        number = f" (number {i + 1})" if size > 1 else ""
        layout[key_of_axis("x", i)] = axis(f"true value{number}", domain=panels.places[i][0], anchor=on["yaxis"])
        layout[key_of_axis("y", i)] = axis(f"predicted value{number}", domain=panels.places[i][1], anchor=on["xaxis"])
    return figure(data, panels.height - 65, **layout)


def _histograms(true: np.ndarray, predicted: np.ndarray) -> Figure:
    error = np.abs(true - predicted).sum(axis=1)
    order = np.argsort(error)
    middle, worst = int(order[len(order) // 2]), int(order[-1])
    cases = [
        ("mean of all rows", true.mean(axis=0), predicted.mean(axis=0)),
        (f"a middling row ({middle})", true[middle], predicted[middle]),
        (f"the worst row ({worst})", true[worst], predicted[worst]),
    ]
    panels = grid(len(cases), len(cases))
    data: list[Trace] = []
    layout: dict[str, object] = {
        "annotations": panel_titles([name for name, *_ in cases], panels.places),
        "barmode": "group",
    }
    for i, (_, real, guess) in enumerate(cases):
        on = {"xaxis": name_of_axis("x", i), "yaxis": name_of_axis("y", i)}
        for name, values, colour in (("true", real, GREY), ("predicted", guess, BLUE)):
            bar = {"type": "bar", "name": name, "legendgroup": name, "y": _short(values), "marker": {"color": colour}}
            data.append({**bar, **on, "showlegend": i == 0, "hovertemplate": f"bin %{{x}}: %{{y:.3f}} {name}"})
        layout[key_of_axis("x", i)] = axis("bin", domain=panels.places[i][0], anchor=on["yaxis"])
        layout[key_of_axis("y", i)] = axis("share", domain=panels.places[i][1], anchor=on["xaxis"], rangemode="tozero")
    return figure(data, panels.height, **layout)


def _spread(true: np.ndarray, predicted: np.ndarray) -> Figure:
    data: list[Trace] = []
    for name, values, colour in (("real", true, ORANGE), ("new", predicted, BLUE)):
        flat = values.reshape(len(values), -1)
        bar = {"type": "data", "array": _short(flat.std(axis=0)), "visible": True}
        line = {"y": _short(flat.mean(axis=0)), "mode": "lines+markers", "line": {"color": colour}, "error_y": bar}
        data.append({"type": "scatter", "name": name, **line})
    return figure(data, 360, xaxis=axis("position in the sample"), yaxis=axis("value"))


def _short(values: Sequence[float] | np.ndarray) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
