"""Figures 5 to 7 of [VALP]: gentle against aggressive twins, gains over slope, gains over relevance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil, log
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from valpnas.contracts.finding import Finding
from valpnas.experiments.figures import COLOURS, as_png
from valpnas.experiments.gains.gain import Gain
from valpnas.graph.subgraphs import output_subgraph
from valpnas.graph.valp import Valp

_CUT = 1.0  # gains beyond are drawn at the edge, as in the paper
_COLUMNS = 3
_SMALLEST = 1e-9  # ratio that has a logarithm
_TWINS = ("gentle", "aggressive")

# (gain, output) -> what the diagnostic saw there, or None where it saw nothing
Seen = Callable[[Gain, str], float | None]


def twins(found: Sequence[Gain]) -> dict[str, list[float]]:
    """Return by operator the gentle gain minus the aggressive one, at every place where both were tried."""
    known = {(g.model, g.variant, g.site, g.batches): g.mean for g in found}
    differences: dict[str, list[float]] = {}
    for (model, variant, site, batches), gentle in known.items():
        name, _, how = variant.partition("/")
        other = known.get((model, f"{name}/aggressive", site, batches))
        if how == "gentle" and other is not None:
            differences.setdefault(name, []).append(gentle - other)
    return differences


def figure_5(found: Sequence[Gain]) -> bytes:
    """Draw how often gentle operators gained so much more than their aggressive twins."""
    differences = twins(found)

    def draw(axes: Axes, name: str) -> None:
        axes.hist(np.clip(differences[name], -_CUT, _CUT), bins=41, range=(-_CUT, _CUT), color=COLOURS[0])
        axes.axvline(0, color="#888888", linewidth=1)
        axes.set(title=name, xlabel="gentle minus aggressive gain", ylabel="places")

    return _grid(sorted(differences), draw)


def figure_6(found: Sequence[Gain], models: Sequence[tuple[Valp, Sequence[Finding]]]) -> bytes:
    """Draw each output's gain over the slope of its loss before the change (per batch, relative to its level)."""
    key = "slope per batch"
    slopes = [{f.output: f.evidence[key] for f in findings if key in f.evidence} for _, findings in models]
    return _over(found, models, lambda gain, output: slopes[gain.model].get(output), "slope of the loss per batch")


def figure_7(found: Sequence[Gain], models: Sequence[tuple[Valp, Sequence[Finding]]]) -> bytes:
    """Draw each output's gain over the relevance to it of the networks changed: log loss ratio after a reset."""
    ratios = [dict(_ratios(findings)) for _, findings in models]

    def seen(gain: Gain, output: str) -> float | None:
        touched = {*gain.site.components, *(end for arc in gain.site.arcs for end in arc)}
        known = [ratios[gain.model][name, output] for name in touched if (name, output) in ratios[gain.model]]
        return max(known, default=None)

    return _over(found, models, seen, "log loss ratio when reset")


def _ratios(findings: Sequence[Finding]) -> Iterator[tuple[tuple[str, str], float]]:
    """Yield the log loss ratio by network and output; a finding on several outputs names each in its evidence."""
    for finding in findings:
        for name, value in finding.evidence.items():
            what, _, output = name.partition(" ")
            if what == "ratio":
                yield (finding.component, finding.output or output), log(max(value, _SMALLEST))


def _over(found: Sequence[Gain], models: Sequence[tuple[Valp, Sequence[Finding]]], seen: Seen, label: str) -> bytes:
    by_operator: dict[str, list[Gain]] = {}
    for gain in found:
        by_operator.setdefault(gain.variant.partition("/")[0], []).append(gain)

    def draw(axes: Axes, name: str) -> None:
        for how, colour in zip(_TWINS, COLOURS, strict=False):
            points = [p for g in by_operator[name] if _manner(g) == how for p in _points(g, models[g.model][0], seen)]
            if points:
                x, y = zip(*points, strict=True)
                axes.scatter(x, np.clip(y, -_CUT, _CUT), s=6, alpha=0.5, color=colour, label=how)
        axes.axhline(0, color="#888888", linewidth=1)
        axes.set(title=name, xlabel=label, ylabel="gain in log loss")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize="small")

    return _grid(sorted(by_operator), draw)


def _manner(gain: Gain) -> str:
    return "gentle" if gain.variant.endswith("/gentle") else "aggressive"


def _points(gain: Gain, valp: Valp, seen: Seen) -> list[tuple[float, float]]:
    """Return (what was seen, gain) for every output that the change can reach."""
    touched = {*gain.site.components, *gain.site.outputs, *(end for arc in gain.site.arcs for end in arc)}
    reached = [o for o in valp.tasks if touched & (output_subgraph(valp, o) | {o})]
    found = [(seen(gain, output), gain.by_output[output]) for output in reached]
    return [(x, y) for x, y in found if x is not None]


def _grid(names: Sequence[str], draw: Callable[[Axes, str], None]) -> bytes:
    rows = max(1, ceil(len(names) / _COLUMNS))
    figure = Figure(figsize=(4 * _COLUMNS, 3 * rows), layout="constrained")
    grid: Any = np.atleast_1d(figure.subplots(rows, _COLUMNS, squeeze=False)).ravel()
    for axes, name in zip(grid, names, strict=False):
        draw(axes, name)
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    return as_png(figure)
