"""The Pareto front: every candidate in panels of two objectives each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from valpnas.report.figure import (
    FATES,
    Figure,
    Trace,
    axis,
    figure,
    grid,
    hover,
    key_of_axis,
    marker,
    name_of_axis,
    ring,
)
from valpnas.report.numbers import objective
from valpnas.report.steps import Step

Objectives = Mapping[str, float]

_MOST_FOR_ALL_PAIRS = 5  # outputs; beyond, each is drawn against the next only
_WIDE = 20.0  # a range of this factor is drawn in logarithms


def pairs_of(outputs: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of outputs that are drawn; all of them unless there are many."""
    names = sorted(outputs)
    if len(names) <= _MOST_FOR_ALL_PAIRS:
        return list(combinations(names, 2))
    return list(zip(names, [*names[1:], names[0]], strict=True))


def pareto_panels(
    steps: Sequence[Step],
    front: Collection[int],
    test: Mapping[int, Objectives],
    further: Collection[str] = (),
) -> Figure:
    """Return a panel per pair of objectives; with a single one, it by candidate. ``further`` ones need no rows."""
    trained = [step for step in steps if step.objectives]
    outputs = sorted(trained[0].objectives)
    pairs = pairs_of(outputs) or [("", outputs[0])]
    across = 3 if len(pairs) > 4 else min(len(pairs), 3)
    panels = grid(len(pairs), across, tall=300)
    data: list[Trace] = []
    layout: dict[str, object] = {}
    for i, (one, other) in enumerate(pairs):
        on = {"xaxis": name_of_axis("x", i), "yaxis": name_of_axis("y", i)}
        data += [{**trace, **on, "showlegend": i == 0} for trace in _traces(trained, front, test, one, other, further)]
        x, y = panels.places[i]
        layout[key_of_axis("x", i)] = axis(_title(one, further), domain=x, anchor=on["yaxis"], **_scale(trained, one))
        upright = axis(_title(other, further), domain=y, anchor=on["xaxis"], **_scale(trained, other))
        layout[key_of_axis("y", i)] = upright
    return figure(data, panels.height, **layout)


def _title(name: str, further: Collection[str]) -> str:
    return (name if name in further else f"{name}: validation objective") if name else "candidate"


def _traces(
    trained: Sequence[Step],
    front: Collection[int],
    test: Mapping[int, Objectives],
    one: str,
    other: str,
    further: Collection[str],
) -> list[Trace]:
    chosen = sorted((s for s in trained if s.candidate in front), key=lambda step: _at(step, one))
    chosen_marks = {
        **_points(chosen, one, other),
        "name": "on the front",
        "mode": "markers",
        "marker": ring(len(trained)),
        "hoverinfo": "skip",
    }
    traces = [chosen_marks]
    for fate in FATES:
        members = [step for step in trained if step.fate == fate]
        if members:
            texts = [hover(_lines(step, test.get(step.candidate, {}), further)) for step in members]
            traces.append(
                {
                    **_points(members, one, other),
                    "name": fate,
                    "mode": "markers",
                    "marker": marker(fate, len(trained)),
                    "text": texts,
                    "hovertemplate": "%{text}<extra></extra>",
                }
            )
    return [{**trace, "legendgroup": trace["name"]} for trace in traces]


def _points(members: Sequence[Step], one: str, other: str) -> Trace:
    return {"type": "scatter", "x": [_at(s, one) for s in members], "y": [s.objectives[other] for s in members]}


def _at(step: Step, output: str) -> float:
    return step.objectives[output] if output else float(step.candidate)


def _lines(step: Step, test: Objectives, further: Collection[str]) -> list[str]:
    figures = [
        f"{name}: {objective(value)} on validation" + (f", {objective(test[name])} on test" if name in test else "")
        for name, value in sorted(step.objectives.items())
        if name not in further
    ]
    figures += [f"{name}: {objective(step.objectives[name])}" for name in sorted(further) if name != "parameters"]
    what = f"candidate {step.candidate}: {step.change}, {step.fate}"
    return [what, *([step.place] if step.place else []), *figures, f"{step.parameters:,} parameters"]


def _scale(trained: Sequence[Step], output: str) -> dict[str, str]:
    if not output:
        return {}
    values = [step.objectives[output] for step in trained]
    return {"type": "log"} if min(values) > 0 and max(values) > _WIDE * min(values) else {}
