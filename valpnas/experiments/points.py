"""Points: every candidate of every run, with what it cost to get there; all figures are made of these alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from valpnas.errors import StoreError
from valpnas.store.files import explained, write_text
from valpnas.store.journal import Event
from valpnas.store.run_directory import RunDirectory
from valpnas.store.test_objectives import read_test_objectives

Objectives = Mapping[str, float]
RunKey = tuple[str, int]  # (arm, pair)

_COLUMNS = ("problem", "arm", "pair", "candidate", "step", "batches", "seconds", "parameters")
_DONATED = "donated"
_PARTS = ("validation", "test")


@dataclass(frozen=True)
class Point:
    """A candidate. ``step`` counts the changes tried until then, the start has 0.

    ``batches`` and ``seconds`` are those the run had used when the candidate was evaluated: rejected and failed
    candidates, diagnostics and evaluation included. A candidate that failed has no objectives: it says how far its run
    was. ``test`` is empty too when a figure on test rows was not finite. ``donated``: another model gave it a part.
    """

    arm: str
    pair: int
    candidate: int
    step: int
    batches: int
    seconds: float
    parameters: int
    validation: Objectives
    test: Objectives
    donated: bool = False

    @property
    def run(self) -> RunKey:
        """The run it comes from."""
        return self.arm, self.pair

    def on(self, part: str) -> Objectives:
        """Return the objectives on ``part``, "validation" or "test"."""
        return self.validation if part == "validation" else self.test


def read_run(folder: Path, arm: str, pair: int) -> list[Point]:
    """Return the points of an ended run."""
    events = RunDirectory(folder).journal.events
    test = read_test_objectives(folder)
    steps = {e["candidate"]: e["step"] for e in events if e["event"] in {"accepted", "rejected"}}
    changes = {e["candidate"]: e.get("proposal") or {} for e in events if e["event"] == "proposed"}
    points: list[Point] = []
    batches, seconds = 0, 0.0
    for event in events:
        seconds += sum(event.get("seconds", {}).values())
        if event["event"] in {"trained", "failed", "range-test"}:
            batches += event["batches"]
        if event["event"] in {"trained", "failed"}:
            points.append(_point(event, arm, pair, steps[event["candidate"]], batches, seconds, test))
    return [replace(point, donated=changes[point.candidate].get("donor") is not None) for point in points]


def _point(
    event: Event, arm: str, pair: int, step: int, batches: int, seconds: float, test: Mapping[int, Objectives]
) -> Point:
    candidate = event["candidate"]
    scores = test.get(candidate, {})
    parameters, objectives = event.get("parameters", 0), event.get("objectives", {})  # a failed one has neither
    return Point(arm, pair, candidate, step, batches, seconds, parameters, objectives, scores)


def trained(points: Sequence[Point]) -> list[Point]:
    """Return the candidates that did not fail."""
    return [point for point in points if point.validation]


def write_points(path: Path, problem: str, points: Sequence[Point]) -> None:
    """Write the points as CSV, atomically."""
    write_text(path, points_text(problem, points))


def points_text(problem: str, points: Sequence[Point]) -> str:
    """Return the points as CSV."""
    outputs = sorted({output for point in points for output in point.validation})
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    crossed = [_DONATED] * any(point.donated for point in points)  # only where there is something to say
    table.writerow([*_COLUMNS, *crossed, *(f"{part}_{output}" for part in _PARTS for output in outputs)])
    for p in points:
        scores = [shown(p.on(part).get(output)) for part in _PARTS for output in outputs]
        figures = [p.candidate, p.step, p.batches, f"{p.seconds:.4f}", p.parameters]
        table.writerow([problem, p.arm, p.pair, *figures, *(int(p.donated) for _ in crossed), *scores])
    return text.getvalue()


def read_points(path: Path) -> list[Point]:
    """Read what ``write_points`` wrote; raises ``StoreError`` when the file is missing or altered."""
    with explained(path, "read"):
        content = path.read_bytes()
    try:
        return [_read_row(row) for row in csv.DictReader(io.StringIO(content.decode()))]
    except (KeyError, ValueError, TypeError) as error:
        raise StoreError(f"{path}: expected the points of a comparison, got {error}; take it from a copy") from error


def _read_row(row: Mapping[str, str]) -> Point:
    validation, test = ({output: float(row[name]) for output, name in _objectives(row, part)} for part in _PARTS)
    return Point(
        arm=row["arm"],
        pair=int(row["pair"]),
        candidate=int(row["candidate"]),
        step=int(row["step"]),
        batches=int(row["batches"]),
        seconds=float(row["seconds"]),
        parameters=int(row["parameters"]),
        validation=validation,
        test=test,
        donated=row.get(_DONATED) == "1",
    )


def _objectives(row: Mapping[str, str], part: str) -> list[tuple[str, str]]:
    """Return (output, column) for each objective on ``part`` that the row has."""
    return [(name.removeprefix(f"{part}_"), name) for name in row if name.startswith(f"{part}_") and row[name]]


def as_written(point: Point) -> Point:
    """Return ``point`` with the digits a file keeps: what is computed of a file is what was computed before it."""
    kept = {part: {output: float(shown(value)) for output, value in point.on(part).items()} for part in _PARTS}
    return replace(point, seconds=round(point.seconds, 4), validation=kept["validation"], test=kept["test"])


def shown(value: float | None) -> str:
    """Return a figure with nine digits, which tell any two single-precision numbers apart; nothing for None."""
    return "" if value is None else f"{value:.9g}"
