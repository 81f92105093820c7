"""The chart of Shapley values: which features of a cell make a predictor expect it to cost more, or less."""

from __future__ import annotations

from textwrap import wrap

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.features import FEATURES
from valpnas.report.figure import BLUE, Figure, Trace, axis, figure
from valpnas.report.popnas.refitting import Influence
from valpnas.report.popnas.scores import UNITS, short

Floats = NDArray[np.float64]

_BINS = 40  # of a row of points: those that fall into one are put above each other
_LINE = 18  # characters of a feature's name in a line, so that a telephone has room for the points
_SPREAD = 0.38  # half the height of a row, in rows


def influence_chart(influence: Influence, cost: str) -> Figure:
    """Return means of absolute values (left), and a point per cell and feature (right), the strongest above."""
    values, features = influence.values, influence.features
    strength = np.abs(values).mean(axis=0)
    order = np.argsort(strength, kind="stable")
    names = ["<br>".join(wrap(_name(FEATURES[i]), _LINE)) for i in order]
    unit = UNITS.get(cost, cost)
    rows = list(range(len(order)))
    bars: Trace = {"type": "bar", "orientation": "h", "x": short(strength[order]), "y": rows, "name": "mean"}
    bars |= {"marker": {"color": BLUE}, "hovertemplate": "%{x:.4g}<extra></extra>"}
    points = _points(values[:, order], features[:, order])
    return figure(
        [bars, points],
        500,
        showlegend=False,
        margin={"l": 60, "r": 20, "t": 60, "b": 55},
        xaxis=axis(f"mean size, {unit}", domain=[0, 0.3]),
        xaxis2=axis(f"Shapley value, {unit}", domain=[0.36, 1], anchor="y2", zeroline=True),
        yaxis=axis("", tickvals=rows, ticktext=names, range=[-0.6, len(rows) - 0.4]),
        yaxis2=axis("", anchor="x2", tickvals=rows, showticklabels=False, range=[-0.6, len(rows) - 0.4]),
    )


def _name(feature: str) -> str:
    return feature.replace("_", " ").replace("fraction", "share").replace("dag", "DAG")


def _points(values: Floats, features: Floats) -> Trace:
    least, wide = features.min(axis=0), np.ptp(features, axis=0)
    shade = np.where(wide > 0, (features - least) / np.where(wide > 0, wide, 1.0), 0.5)
    heights = np.stack([row + _heaped(values[:, row]) for row in range(values.shape[1])], axis=1)
    bar = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0.68, "len": 0.64}
    bar |= {"tickvals": [0, 1], "ticktext": ["low", "high"]}
    marker = {"color": short(shade.T.ravel()), "colorscale": "Cividis", "cmin": 0, "cmax": 1, "size": 6}
    marker |= {"colorbar": {**bar, "thickness": 12}, "line": {"width": 0.5, "color": "#8c8c8c"}}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": short(values.T.ravel()),
        "y": short(heights.T.ravel()),
        "marker": marker,
        "customdata": short(features.T.ravel()),
        "hovertemplate": "%{x:+.4g}, where the feature is %{customdata:.4g}<extra></extra>",
        "xaxis": "x2",
        "yaxis": "y2",
    }


def _heaped(values: Floats) -> Floats:
    """Return how far above or below its row each point is drawn, so that points of one value are all seen."""
    wide = np.ptp(values) or 1.0
    bins = np.minimum(((values - values.min()) / wide * _BINS).astype(int), _BINS - 1)
    place = np.array([int((bins[:i] == each).sum()) for i, each in enumerate(bins)])  # 0, 1, 2, ... in its bin
    signed = np.where(place % 2, 1, -1) * ((place + 1) // 2)
    most = max(int(np.abs(signed).max()), 6)
    return np.asarray(signed / most * _SPREAD)
