"""The record: a comparison's figures on disk, to which later sittings add pairs.

NAME.json says what was compared and how, NAME-points.csv holds every point, and NAME.csv what the runs had come to at
each checkpoint. The last is made anew of the other two whenever a pair is added.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from valpnas.errors import StoreError
from valpnas.experiments.checkpoints import Along, Bounds, Row, checkpoints, row
from valpnas.experiments.points import Point, RunKey, as_written, points_text, read_points, shown, trained, write_points
from valpnas.experiments.settings import Settings, check_equal
from valpnas.search.kinds import search_class
from valpnas.store.files import explained, read_json, whole, write_json, write_text
from valpnas.store.problems import check_yardsticks

FORMAT = "valpnas-comparison/1"


@dataclass
class Record:
    """Figures of complete pairs, and what was decided on the way to them.

    ``problem`` holds reference, ideal, yardsticks, notes and the data's fingerprint; ``choices`` what tuning chose and
    tried per arm; ``winner`` the arm whose size others copy, and that size; ``lost`` the runs that never had a trained
    model.
    """

    path: Path
    settings: Settings
    problem: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    winner: dict[str, Any] = field(default_factory=dict)
    pairs: list[int] = field(default_factory=list)
    lost: list[dict[str, Any]] = field(default_factory=list)
    sittings: list[dict[str, Any]] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)

    @staticmethod
    def open(path: Path, settings: Settings) -> Record:
        """Read the record at ``path``, a CSV file, or begin one.

        Raises:
            StoreError: the CSV is there without its companions, or one of them was altered.
            ConfigError: the record was made with other settings.
        """
        notes = path.with_suffix(".json")
        if not os.path.isfile(notes):  # unlike Path.is_file, quiet about names no file can have
            if os.path.lexists(path):
                raise StoreError(f"{path}: expected {notes.name} beside it, found none; put it back or name a new file")
            return Record(path, settings)
        found = Record.read(path)
        with whole(notes, "the notes of a comparison"):
            check_equal(found.settings, settings, path)
        return replace(found, settings=settings)

    @staticmethod
    def read(path: Path) -> Record:
        """Read the record at ``path``, a CSV file, as it is; raises ``StoreError`` when a part is gone or altered."""
        notes = path.with_suffix(".json")
        with whole(notes, "the notes of a comparison"):
            data = dict(read_json(notes))
            if (found := data.pop("format", None)) != FORMAT:
                raise StoreError(f"{notes}: expected format {FORMAT!r}, got {found!r}; use a valpnas that knows it")
            points = read_points(_points_file(path)) if data["pairs"] else []
            known = [point for point in points if point.pair in data["pairs"]]  # a kill may have come between two files
            digest = data.pop("points_sha256")
            record = Record(path, points=known, **data)
            record._check_complete()
            if record.pairs and record._digest() != digest:
                raise StoreError(
                    f"{_points_file(path)}: expected the points as recorded, found others; take it from a copy"
                )
        return record

    def _check_complete(self) -> None:
        lost = {(each["arm"], each["pair"]) for each in self.lost}
        if missing := [run for run, points in self.runs.items() if not trained(points) and run not in lost]:
            arm, pair = missing[0]
            raise StoreError(
                f"{_points_file(self.path)}: expected the points of a comparison, got none of {arm!r} in pair {pair}; "
                "take it from a copy"
            )

    def _digest(self) -> str:
        """Return the SHA-256 of the points as they are written."""
        return sha256(points_text(self.settings["problem"], self.points).encode()).hexdigest()

    @property
    def arms(self) -> list[str]:
        """Names of the arms, in their order."""
        return list(self.settings["arms"])

    @property
    def runs(self) -> dict[RunKey, list[Point]]:
        """Points by run of every complete pair; a run that never had a trained model has none."""
        runs: dict[RunKey, list[Point]] = {(arm, pair): [] for pair in self.pairs for arm in self.arms}
        for point in self.points:
            runs[point.run].append(point)
        return runs

    @property
    def along(self) -> Along:
        """What the arms have alike: steps; batches where some count changes and some generations; or but their ends."""
        if any("as_long_as" in arm for arm in self.settings["arms"].values()):
            return "end"
        counted = {search_class(self.settings["arms"][arm]["search"]).budget for arm in self.arms}
        return "step" if len(counted) == 1 else "batch"

    @property
    def bounds(self) -> Bounds:
        """The box hypervolumes are measured in."""
        return Bounds(self.problem["reference"], self.problem["ideal"])

    def take_problem(self, found: Mapping[str, Any], where: Path) -> None:
        """Note what the runs were made on; raises ``StoreError`` when it is not what earlier ones were made on."""
        problem = {key: found[key] for key in ("fingerprint", "reference", "ideal")}
        yardsticks = found.get("yardsticks", {})
        check_yardsticks(self.problem.get("yardsticks", yardsticks), yardsticks, where)
        if self.problem and {key: self.problem[key] for key in problem} != problem:
            raise StoreError(
                f"{where}: expected the data and bounds that the figures in {self.path} were made on, got others; "
                "put the original data back or name a new file"
            )
        self.problem = {**problem, "yardsticks": yardsticks, "notes": list(found.get("notes", []))}

    def add_pair(self, pair: int, points: Sequence[Point], lost: Mapping[str, str], sitting: Mapping[str, str]) -> None:
        """Add a complete pair; ``lost`` says by arm why a run had no model, ``sitting`` when and with what it was."""
        self.pairs = sorted([*self.pairs, pair])
        added = [as_written(point) for point in points]
        self.points = sorted([*self.points, *added], key=lambda p: (p.pair, self.arms.index(p.arm), p.candidate))
        self.lost += [{"arm": arm, "pair": pair, "reason": reason} for arm, reason in lost.items()]
        if not self.sittings or {**self.sittings[-1], "pairs": []} != {**sitting, "pairs": []}:
            self.sittings.append({**sitting, "pairs": []})
        self.sittings[-1]["pairs"].append(pair)

    def rows(self, steps: Sequence[int]) -> list[Row]:
        """Return what each run had come to at each checkpoint."""
        runs = self.runs
        return [row(run, runs[run], at, self.bounds) for at in checkpoints(runs, steps, self.along) for run in runs]

    def save(self, steps: Sequence[int]) -> None:
        """Write the three files; the notes last, because they say which pairs are there."""
        with explained(self.path.parent, "create"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.pairs:
            write_points(_points_file(self.path), self.settings["problem"], self.points)
            _write_rows(self.path, self.settings["problem"], sorted(self.bounds.reference), self.rows(steps))
        kept = ("settings", "problem", "choices", "winner", "pairs", "lost", "sittings")
        notes = {"format": FORMAT, "points_sha256": self._digest()} | {key: getattr(self, key) for key in kept}
        write_json(self.path.with_suffix(".json"), notes)


def _points_file(path: Path) -> Path:
    return path.with_name(f"{path.stem}-points.csv")


def _write_rows(path: Path, problem: str, outputs: Sequence[str], rows: Sequence[Row]) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    parts = ("validation", "test")
    head = ["problem", "arm", "pair", "checkpoint", "value", *(f"{part}_hypervolume" for part in parts)]
    bests = [f"{part}_{output}" for part in parts for output in outputs]
    table.writerow([*head, *bests, "front", "parameters", "candidates", "batches", "seconds"])
    for r in rows:
        best = [shown(r.best[o][i]) if r.best else "" for i in range(len(parts)) for o in outputs]
        hypervolumes = [shown(r.validation), shown(r.test)]
        used = [r.front_size, shown(r.parameters), r.candidates, r.batches, f"{r.seconds:.4f}"]
        table.writerow(
            [problem, r.arm, r.pair, r.checkpoint.kind, f"{r.checkpoint.value:g}", *hypervolumes, *best, *used]
        )
    write_text(path, text.getvalue())
