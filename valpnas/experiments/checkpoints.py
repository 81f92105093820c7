"""Checkpoints: what a run had come to after so much of its budget; validation chooses the front, test reports it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from valpnas.experiments.points import Objectives, Point, RunKey, trained
from valpnas.search.pareto import front, hypervolume

Kind = Literal["step", "batch", "second", "end"]
Along = Literal["step", "batch", "end"]
Runs = Mapping[RunKey, Sequence[Point]]

_SHARES = (0.25, 0.5, 1.0)  # of the time, or the batches, that every run had


@dataclass(frozen=True)
class Bounds:
    """The box in which hypervolumes are measured, per output."""

    reference: Objectives
    ideal: Objectives

    def hypervolume(self, points: Sequence[Objectives]) -> float:
        """Return the share of the box that ``points`` dominate, in log objectives; 0 for none."""
        return hypervolume(points, self.reference, self.ideal) if points else 0.0


@dataclass(frozen=True)
class Checkpoint:
    """So many steps, batches or seconds into a run, or its end, whenever that was."""

    kind: Kind
    value: float

    def __str__(self) -> str:
        """Say it for a person."""
        if self.kind == "end":
            return "the end of each run"
        words = {"step": f"step {self.value:g}", "batch": f"batch {self.value:,.0f}", "second": f"{self.value:.3g} s"}
        return words[self.kind]

    def reached(self, points: Iterable[Point]) -> list[Point]:
        """Return the points there were by then."""
        return [p for p in points if self._of(p) <= self.value]

    def _of(self, point: Point) -> float:
        if self.kind == "end":
            return self.value
        return {"step": point.step, "batch": point.batches, "second": point.seconds}[self.kind]


@dataclass(frozen=True)
class Row:
    """What a run had come to at a checkpoint. ``parameters`` is the median over the front, None without a model.

    ``best`` holds, per output, the validation and test objective of the front's model that is best on validation.
    The test figure is None when that model's is not finite on the test rows.
    """

    arm: str
    pair: int
    checkpoint: Checkpoint
    candidates: int
    batches: int
    seconds: float
    front_size: int
    parameters: float | None
    validation: float  # hypervolume
    test: float
    best: Mapping[str, tuple[float, float | None]]

    def on(self, part: str) -> float:
        """Return the hypervolume on ``part``."""
        return self.validation if part == "validation" else self.test


def checkpoints(runs: Runs, steps: Sequence[int], along: Along = "step") -> list[Checkpoint]:
    """Return those of ``steps`` that every run reached, the last step they all reached, and shares of common time.

    Where ``along`` says that the runs' steps are not alike, shares of the batches that all had stand for steps; where
    some arms have lengths of their own, each run's end comes after the steps, for no earlier step ends all decays. The
    common time is that of the shortest run: until then every run was at work. Candidates that failed count for how far
    a run was; runs that never had a model count for nothing here.
    """
    ended = [points for points in runs.values() if trained(points)]
    if not ended:
        return []
    common = min(max(p.seconds for p in points) for points in ended)
    times = [Checkpoint("second", share * common) for share in _SHARES]
    if along == "batch":
        batches = min(max(p.batches for p in points) for points in ended)
        return [Checkpoint("batch", int(share * batches)) for share in _SHARES] + times
    last = min(max(p.step for p in points) for points in ended)
    ends = [Checkpoint("end", 1.0)] if along == "end" else []
    return (
        [Checkpoint("step", step) for step in sorted({step for step in steps if step <= last} | {last})] + ends + times
    )


def chosen(points: Sequence[Point]) -> list[Point]:
    """Return the front that validation chooses among ``points``."""
    known = trained(points)
    return [known[i] for i in front([point.validation for point in known])] if known else []


def row(run: RunKey, points: Sequence[Point], checkpoint: Checkpoint, bounds: Bounds) -> Row:
    """Return what a run had come to at ``checkpoint``."""
    reached = checkpoint.reached(points)
    members = chosen(reached)
    # A model whose figures on test rows are not finite dominates nothing there; no test row may choose another.
    tested = [member.test for member in members if member.test]
    return Row(
        *run,
        checkpoint,
        candidates=len(trained(reached)),
        batches=max((point.batches for point in reached), default=0),
        seconds=max((point.seconds for point in reached), default=0.0),
        front_size=len(members),
        parameters=median(member.parameters for member in members) if members else None,
        validation=bounds.hypervolume([member.validation for member in members]),
        test=bounds.hypervolume(tested),
        best={output: _best(members, output) for output in bounds.reference} if members else {},
    )


def _best(members: Sequence[Point], output: str) -> tuple[float, float | None]:
    """Validation picks the model; the lowest test objective of the front would be picked by the test rows."""
    best = min(members, key=lambda member: member.validation[output])
    return best.validation[output], best.test.get(output)
