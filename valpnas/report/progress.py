"""Progress of a run: the hypervolume of its front over batches and over seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from valpnas.report.figure import BLUE, ORANGE, Figure, Trace, axis, figure, grid
from valpnas.report.numbers import hypervolume as shown
from valpnas.report.steps import Step
from valpnas.search.pareto import front, hypervolume

Objectives = Mapping[str, float]


@dataclass(frozen=True)
class Reached:
    """What the front had come to when a candidate was trained; ``test`` is that of the same front on test rows."""

    step: Step
    validation: float
    test: float | None


def reached(
    steps: Sequence[Step], reference: Objectives, ideal: Objectives, test: Mapping[int, Objectives]
) -> list[Reached]:
    """Return the hypervolume after each trained candidate; ``test`` is None where one has no test figures."""
    rows: list[Reached] = []
    chosen: list[Step] = []
    for step in steps:
        if not step.objectives:
            continue
        grown = [*chosen, step]
        kept = [grown[i] for i in front([member.objectives for member in grown])]
        if rows and [s.candidate for s in kept] == [s.candidate for s in chosen]:
            rows.append(Reached(step, rows[-1].validation, rows[-1].test))
            continue
        chosen = kept
        tested = [test[s.candidate] for s in chosen if test.get(s.candidate)]
        on_test = hypervolume(tested, reference, ideal) if len(tested) == len(chosen) else None
        rows.append(Reached(step, hypervolume([s.objectives for s in chosen], reference, ideal), on_test))
    return rows


def hypervolume_curves(rows: Sequence[Reached]) -> Figure:
    """Return the curves over batches (left) and over seconds (right)."""
    panels = grid(2, 2, tall=260)
    (left, whole), (right, _) = panels.places
    data: list[Trace] = []
    for name, colour, dash in (("validation", BLUE, "solid"), ("test", ORANGE, "dash")):
        values = [getattr(row, name) for row in rows]
        for number, spent in enumerate(("total_batches", "total_seconds")):
            data.append(
                {
                    "type": "scatter",
                    "x": [round(getattr(row.step, spent), 3) for row in rows],
                    "y": [None if value is None else float(f"{value:.5g}") for value in values],
                    "mode": "lines+markers" if len(rows) < 60 else "lines",
                    "line": {"color": colour, "shape": "hv", "dash": dash},
                    "name": f"front on {name} rows",
                    "legendgroup": name,
                    "showlegend": number == 0 and any(value is not None for value in values),
                    "xaxis": "x2" if number else "x",
                    "yaxis": "y2" if number else "y",
                    "text": [
                        f"candidate {row.step.candidate}: hypervolume {'' if value is None else shown(value)}"
                        for row, value in zip(rows, values, strict=True)
                    ],
                    "hovertemplate": "%{text}<extra></extra>",
                }
            )
    return figure(
        data,
        panels.height,
        xaxis=axis("batches trained, those of rejected changes included", domain=left, rangemode="tozero"),
        xaxis2=axis("seconds of computing", domain=right, anchor="y2", rangemode="tozero"),
        yaxis=axis("hypervolume (share of the box)", domain=whole, rangemode="tozero"),
        yaxis2=axis("hypervolume (share of the box)", domain=whole, anchor="x2", rangemode="tozero"),
    )
