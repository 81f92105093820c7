"""Figures: hypervolume over batches and seconds, and points in common Pareto fronts ([VALP] Figures 8 and 9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from valpnas.experiments.checkpoints import Checkpoint, checkpoints
from valpnas.experiments.curves import curve
from valpnas.experiments.duel import PARTS
from valpnas.experiments.fronts import fronts_at, pairwise, pooled
from valpnas.experiments.record import Record

# Told apart by all kinds of colour vision (Okabe and Ito), the paper's blue and orange first.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000", "#8C6D00")
_DASHES = ("-", "--", "-.", ":")
_HATCHES = ("", "////", "....", "xxxx")
_PLACES = 12  # steps at which fronts are counted

Draw = Callable[[Axes, str], None]


def figures(record: Record, shown: Sequence[str]) -> dict[str, bytes]:
    """Return every figure as PNG by name; ``shown`` are the arms whose common fronts are counted."""
    return {
        "hypervolume": as_png(_hypervolume(record)),
        "fronts-pairwise": as_png(_by_part(lambda axes, part: _boxes(axes, record, shown, part))),
        "fronts-pooled": as_png(_by_part(lambda axes, part: _bars(axes, record, shown, part))),
    }


def _hypervolume(record: Record) -> Figure:
    """Rows: over batches, over seconds; columns: validation, test."""
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    grid: Any = figure.subplots(2, 2, sharey="col")
    for across, along in zip(grid, ("batches", "seconds"), strict=True):
        for axes, part in zip(across, PARTS, strict=True):
            _curves(axes, record, along, part)
    _legend(figure, grid[0][0])
    return figure


def _curves(axes: Axes, record: Record, along: str, part: str) -> None:
    for i, arm in enumerate(record.arms):
        drawn = curve(record.runs, arm, along, part, record.bounds)
        if drawn is None:
            continue
        colour, low, high = _colour(i), drawn.mean - drawn.spread, drawn.mean + drawn.spread
        axes.plot(drawn.x, drawn.mean, color=colour, linestyle=_dash(i), label=arm)
        axes.fill_between(drawn.x, low, high, color=colour, alpha=max(0.05, 0.3 / len(record.arms)), linewidth=0)
    axes.set(title=part, xlabel=along, ylabel="hypervolume", xlim=(0, None), ylim=(0, None))


def _by_part(draw: Draw) -> Figure:
    figure = Figure(figsize=(11, 4.3), layout="constrained")
    both: Any = figure.subplots(1, 2)
    for axes, part in zip(both, PARTS, strict=True):
        draw(axes, part)
        axes.set(title=part, xlabel="step", ylabel="points in the front")
    _legend(figure, both[0])
    return figure


def _legend(figure: Figure, axes: Axes) -> None:
    """Name the arms once, below everything."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 6), frameon=False)


def _boxes(axes: Axes, record: Record, arms: Sequence[str], part: str) -> None:
    """Draw, per step and arm, how many points of the arm are in the fronts of the pairs."""
    steps = _steps(record)
    counts = [pairwise(fronts_at(record.runs, Checkpoint("step", step)), arms, part) for step in steps]
    width = 0.8 / len(arms)
    for i, arm in enumerate(arms if steps else ()):
        places = [place - 0.4 + (i + 0.5) * width for place in range(len(steps))]
        values = [[of[arm] for of in by_pair.values()] for by_pair in counts]
        box = axes.boxplot(values, positions=places, widths=0.85 * width, patch_artist=True, manage_ticks=False)
        _paint(box, _colour(i), _hatch(i))
        box["boxes"][0].set_label(arm)
    _finish(axes, steps)


def _paint(box: dict[str, Any], colour: str, hatch: str) -> None:
    for patch in box["boxes"]:
        patch.set(facecolor=colour, edgecolor="black" if hatch else colour, hatch=hatch, alpha=0.6)
    for line in (*box["whiskers"], *box["caps"], *box["medians"]):
        line.set(color=colour)
    for line in box["medians"]:
        line.set(color="black")
    for points in box["fliers"]:
        points.set(marker=".", markeredgecolor=colour)


def _bars(axes: Axes, record: Record, arms: Sequence[str], part: str) -> None:
    """Draw, per step and arm, how many points of the arm are in the front of all runs."""
    steps = _steps(record)
    counts = [pooled(fronts_at(record.runs, Checkpoint("step", step)), arms, part) for step in steps]
    width = 0.8 / len(arms)
    for i, arm in enumerate(arms):
        places = np.arange(len(steps)) - 0.4 + (i + 0.5) * width
        look: dict[str, Any] = {"color": _colour(i), "hatch": _hatch(i), "edgecolor": "white", "linewidth": 0}
        axes.bar(places, [of[arm] for of in counts], width, label=arm, **look)
    _finish(axes, steps)


def _colour(i: int) -> str:
    return COLOURS[i % len(COLOURS)]


def _dash(i: int) -> str:
    """Return the dash of arm ``i``: another one in each round of colours, so that no two of 32 arms look alike."""
    return _DASHES[(i + i // len(COLOURS)) % len(_DASHES)]


def _hatch(i: int) -> str:
    return _HATCHES[i // len(COLOURS) % len(_HATCHES)]


def _finish(axes: Axes, steps: Sequence[int]) -> None:
    axes.set_xticks(range(len(steps)), [str(step) for step in steps])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _steps(record: Record) -> list[int]:
    """Return up to twelve steps, evenly spread over those that every run reached; none where steps are not alike."""
    found = checkpoints(record.runs, (), record.along)
    last = int(max((at.value for at in found if at.kind == "step"), default=0))
    if last < 1:
        return []
    return sorted({round(step) for step in np.linspace(1, last, min(_PLACES, last))})


def as_png(figure: Figure) -> bytes:
    """Return the figure's picture."""
    FigureCanvasAgg(figure)
    file = BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()
