"""The generations of a population search, read from its journal: rows of its logbook, and their chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from valpnas.config import RunConfig
from valpnas.report.figure import BLUE, ORANGE, Figure, axis, figure, grid
from valpnas.report.numbers import hypervolume
from valpnas.search.kinds import search_class
from valpnas.store.run_directory import RunDirectory

Row = Mapping[str, Any]


def generations(run: RunDirectory, config: RunConfig, problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row per generation as plain data (``search.logbook`` says what is in it); none for another search.

    ``best`` and ``median`` are those of the members, by objective. Hypervolume and IGD+ are those of the outputs.
    """
    survival = getattr(search_class(config.search), "survival", None)
    if survival is None:
        return []
    from valpnas.search.logbook import logbook
    from valpnas.search.pareto import Bounds

    batches = (asked.told() for asked in run.replay())
    bounds = Bounds(problem["reference"], problem["ideal"])
    book = logbook(batches, survival, config.population, config.seed, bounds)
    chapters = {name: book.chapters[name] for name in sorted(book.chapters)}
    return [
        {**row, **{what: {n: chapter[i][what] for n, chapter in chapters.items()} for what in ("best", "median")}}
        for i, row in enumerate(book)
    ]


def generation_chart(rows: Sequence[Row]) -> Figure:
    """Return hypervolume (left) and IGD+ (right) by generation."""
    panels = grid(2, 2, tall=220)
    (left, whole), (right, _) = panels.places
    shown = (("hypervolume", BLUE, "x", "y"), ("igd_plus", ORANGE, "x2", "y2"))
    data = [
        {
            "type": "scatter",
            "x": [row["generation"] for row in rows],
            "y": [float(f"{row[what]:.5g}") for row in rows],
            "mode": "lines+markers",
            "line": {"color": colour},
            "showlegend": False,
            "xaxis": x,
            "yaxis": y,
            "text": [hypervolume(row[what]) if what == "hypervolume" else f"{row[what]:.3g}" for row in rows],
            "hovertemplate": "generation %{x}: %{text}<extra></extra>",
        }
        for what, colour, x, y in shown
    ]
    return figure(
        data,
        panels.height,
        xaxis=axis("generation", domain=left),
        xaxis2=axis("generation", domain=right, anchor="y2"),
        yaxis=axis("hypervolume of the front", domain=whole, rangemode="tozero"),
        yaxis2=axis("IGD+ to the last front", domain=whole, anchor="x2", rangemode="tozero"),
    )
