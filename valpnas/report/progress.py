"""Progress of a run: the hypervolume of its front over batches and over seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from valpnas.report.figure import BLUE, ORANGE, Figure, Trace, axis, figure, grid
from valpnas.report.numbers import hypervolume as shown
from valpnas.report.steps import Step
from valpnas.search.archive import Archive
from valpnas.search.pareto import Bounds, hypervolume

Objectives = Mapping[str, float]

_MOST = 500  # candidates that a curve shows: whether one was looked at does not change what its picture says


@dataclass(frozen=True)
class Reached:
    """What the front had come to when a candidate was trained; ``test`` is that of the same front on test rows."""

    step: Step
    validation: float
    test: float | None


def reached(
    steps: Sequence[Step], reference: Objectives, ideal: Objectives, test: Mapping[int, Objectives]
) -> list[Reached]:
    """Return the hypervolume after each trained candidate; ``test`` is None where one has no test figures.

    Of many candidates some hundred are shown, the last among them.
    """
    trained, bounds = [step for step in steps if step.objectives], Bounds(reference, ideal)
    shown_ones = {*range(0, len(trained), 1 + len(trained) // _MOST), len(trained) - 1}
    rows: list[Reached] = []
    known, chosen = Archive[Step](), Archive[Step]()
    for number, step in enumerate(trained):
        chosen = chosen.with_([step], [step.objectives])
        if number not in shown_ones:
            continue
        if chosen is known:
            rows.append(replace(rows[-1], step=step))
            continue
        known, tested = chosen, [test[s.candidate] for s in chosen if test.get(s.candidate)]
        on_test = hypervolume(tested, reference, ideal) if len(tested) == len(chosen) else None
        rows.append(Reached(step, chosen.hypervolume(bounds), on_test))
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
        xaxis=axis("batches trained, those of all candidates", domain=left, rangemode="tozero"),
        xaxis2=axis("seconds of computing", domain=right, anchor="y2", rangemode="tozero"),
        yaxis=axis("hypervolume (share of the box)", domain=whole, rangemode="tozero"),
        yaxis2=axis("hypervolume (share of the box)", domain=whole, anchor="x2", rangemode="tozero"),
    )
