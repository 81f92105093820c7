"""The family tree of a run: every candidate below or above its parent, joined by the change that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from valpnas.report.figure import FATES, GREEN, GREY, Figure, Trace, axis, figure, hover, marker
from valpnas.report.steps import Step, gains

Objectives = Mapping[str, float]


@dataclass(frozen=True)
class Tried:
    """What came of one operator in a run: how often it was tried and kept, and its mean gain per output."""

    change: str
    tried: int
    accepted: int
    failed: int
    gains: Objectives


def level(step: Step, start: Objectives, floor: Objectives) -> float:
    """Return the geometric mean of the objectives divided by the start's; below 1 is better than the start."""
    gained = gains(start, step.objectives, floor)
    return exp(-sum(gained.values()) / len(gained))


def family_tree(steps: Sequence[Step], floor: Objectives) -> Figure:
    """Return the tree: left to right by candidate, height by how good it is; failed candidates at their parent's."""
    start = next(step.objectives for step in steps if step.objectives)
    height = {step.candidate: level(step, start, floor) for step in steps if step.objectives}
    for step in steps:
        height.setdefault(step.candidate, height.get(-1 if step.parent is None else step.parent, 1.0))
    kept = [step for step in steps if step.fate == "accepted"]
    other = [step for step in steps if step.fate != "accepted"]
    data = [_edges(other, height, GREY, 1, "rejected branch"), _edges(kept, height, GREEN, 2.5, "line kept")]
    data += [_nodes([s for s in steps if s.fate == fate], height, fate) for fate in FATES]
    return figure(
        [trace for trace in data if trace["x"]],
        430,
        xaxis=axis("candidate, in the order in which they were tried"),
        yaxis=axis("objectives / start's (geometric mean)"),
    )


def tried(steps: Sequence[Step]) -> list[Tried]:
    """Return a row per change, the most tried first."""
    rows = []
    for change in sorted({step.change for step in steps if step.parent is not None}):
        members = [step for step in steps if step.change == change and step.parent is not None]
        gained = [step.gains for step in members if step.gains]
        mean = {name: sum(row[name] for row in gained) / len(gained) for name in gained[0]} if gained else {}
        accepted, failed = (sum(step.fate == fate for step in members) for fate in ("accepted", "failed"))
        rows.append(Tried(change, len(members), accepted, failed, mean))
    return sorted(rows, key=lambda row: (-row.tried, row.change))


def _edges(members: Sequence[Step], height: Mapping[int, float], colour: str, width: float, name: str) -> Trace:
    ends = [(step.parent, step.candidate) for step in members if step.parent is not None]
    return {
        "type": "scatter",
        "x": [value for parent, child in ends for value in (parent, child, None)],
        "y": [value for parent, child in ends for value in (height[parent], height[child], None)],
        "mode": "lines",
        "line": {"color": colour, "width": width},
        "name": name,
        "hoverinfo": "skip",
    }


def _nodes(members: Sequence[Step], height: Mapping[int, float], fate: str) -> Trace:
    return {
        "type": "scatter",
        "x": [step.candidate for step in members],
        "y": [round(height[step.candidate], 5) for step in members],
        "mode": "markers",
        "marker": marker(fate, len(height)),
        "name": fate,
        "text": [hover(_lines(step)) for step in members],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _lines(step: Step) -> list[str]:
    parent = "" if step.parent is None else f" of candidate {step.parent}"
    gained = [f"gain in {name}: {value:+.3f}" for name, value in sorted(step.gains.items())]
    return [
        f"candidate {step.candidate}: {step.change}{parent}, {step.failure or step.fate}",
        *(text for text in (step.place, step.reason) if text),
        *gained,
    ]
