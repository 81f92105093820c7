"""Charts as plain data for the chart library of the page: colours, axes, hover texts that cannot become markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Any

Figure = dict[str, Any]
Trace = dict[str, Any]

# Okabe and Ito (2008): told apart with every common colour blindness. Black is left out: the page may be dark.
BLUE, ORANGE, GREEN, PURPLE, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
GREY = "#8c8c8c"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)

# Shape and colour both say what became of a candidate.
FATES: Mapping[str, tuple[str, str]] = {
    "start": (BLUE, "star"),
    "tried": (BLUE, "circle"),
    "accepted": (GREEN, "circle"),
    "rejected": (RED, "x"),
    "failed": (GREY, "cross"),
    "pending": (GREY, "circle-open"),
}
_MANY = 150  # points of a chart from which on they are drawn smaller
_GAP = 0.09  # between panels, of the chart's width
_BETWEEN, _TOP, _BOTTOM = 95, 80, 55  # pixels: between rows of panels, above and below them
_LINE = 64  # characters of a hover text's line


def plain(text: str) -> str:
    """Return ``text`` such that the chart library, which reads a few HTML tags, shows it as it is."""
    return escape(text, quote=False)


def hover(lines: Iterable[str]) -> str:
    """Return a hover text of several lines, long ones wrapped."""
    return "<br>".join(plain(part) for line in lines for part in wrap(line, _LINE) or [""])


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Return an axis with a title."""
    return {"title": {"text": plain(title)}, "automargin": True, **more}


@dataclass(frozen=True)
class Grid:
    """Panels in rows: the extents of each, ``(x, y)`` in [0, 1], and the height of the whole chart in pixels."""

    places: Sequence[tuple[list[float], list[float]]]
    height: int


def grid(count: int, across: int, tall: int = 230) -> Grid:
    """Place ``count`` panels, ``across`` in a row and each ``tall`` pixels high."""
    across = min(across, count)
    down = -(-count // across)
    whole = down * tall + (down - 1) * _BETWEEN
    width = (1 - _GAP * (across - 1)) / across
    places = []
    for i in range(count):
        left, top = (i % across) * (width + _GAP), 1 - (i // across) * (tall + _BETWEEN) / whole
        places.append(([left, min(1.0, left + width)], [max(0.0, top - tall / whole), top]))
    return Grid(places, whole + _TOP + _BOTTOM)


def panel_titles(titles: Sequence[str], places: Sequence[tuple[list[float], list[float]]]) -> list[dict[str, Any]]:
    """Return the annotations that head each panel."""
    return [
        {
            "text": f"<b>{plain(title)}</b>",
            "x": x[0],
            "y": y[1],
            "xref": "paper",
            "yref": "paper",
            "xanchor": "left",
            "yanchor": "bottom",
            "showarrow": False,
        }
        for title, (x, y) in zip(titles, places, strict=True)
    ]


def marker(fate: str, points: int) -> dict[str, Any]:
    """Return how a candidate of that fate is marked in a chart of so many points."""
    colour, symbol = FATES[fate]
    return {"color": colour, "symbol": symbol, "size": 12 if fate == "start" else 9 if points < _MANY else 5}


def ring(points: int) -> dict[str, Any]:
    """Return how a member of the front is marked, around its own mark, in a chart of so many points."""
    size = 17 if points < _MANY else 12
    return {"symbol": "circle-open", "size": size, "color": ORANGE, "line": {"width": 2.5}}


def name_of_axis(kind: str, number: int) -> str:
    """Return ``x`` for the first x axis, ``x2`` for the second, and so on."""
    return kind if number == 0 else f"{kind}{number + 1}"


def key_of_axis(kind: str, number: int) -> str:
    """Return the key of an axis in a layout: ``xaxis``, ``xaxis2``, ..."""
    return f"{kind}axis{'' if number == 0 else number + 1}"


def figure(data: Sequence[Trace], height: int, **layout: Any) -> Figure:
    """Return a chart of ``height`` pixels; the page adds colours of text, grid and background."""
    margin = {"l": 60, "r": 20, "t": _TOP, "b": _BOTTOM}
    legend = {"orientation": "h", "x": 0, "xref": "paper", "y": 0.99, "yref": "container", "yanchor": "top"}
    shared = {"height": height, "margin": margin, "legend": legend, "hovermode": "closest"}
    return {"data": list(data), "layout": {**shared, **layout}}
