"""A running search as data: how far it is, what it does now, its front, its latest reasons, and the seconds left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valpnas.config import start_names
from valpnas.report.latest import latest
from valpnas.report.models import best_first
from valpnas.report.summary import history, summarise
from valpnas.run_files import read_run_file
from valpnas.store.files import explained
from valpnas.store.journal import Event
from valpnas.store.problems import read_problem
from valpnas.store.run_directory import RunDirectory


@dataclass(frozen=True)
class Frame:
    """What there is to see of a run at one instant, read from its directory alone.

    ``summary`` is that of the run, its front cut to the models with the lowest mean log objective, by number, and
    ``hidden`` the number of those cut; ``latest`` rows of the latest candidates, the last one last (``report.latest``);
    ``now`` the candidate in training, if any. ``seconds`` is an estimate of the seconds of work that were left when the
    journal was written last, None before anything is known; ``told`` is the time of that, in seconds since the epoch.
    """

    summary: Mapping[str, Any]
    hidden: int
    latest: Sequence[Mapping[str, Any]]
    now: Mapping[str, Any] | None
    seconds: float | None
    told: float

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return bool(self.summary["ended"])

    def seconds_left(self, now: float | None = None) -> float | None:
        """Return the seconds left at ``now`` (since the epoch; this instant if not given).

        Never less than the steps behind the one at work take: a step that takes long says nothing about them.
        """
        if self.seconds is None:
            return None
        steps = max(int(self.summary["steps_planned"]) - int(self.summary["steps"]), 1)
        return max(self.seconds * (steps - 1) / steps, self.seconds - self.silent(now))

    def silent(self, now: float | None = None) -> float:
        """Return the seconds since the journal was written last."""
        return max(0.0, (time.time() if now is None else now) - self.told)


def frame(path: Path, last: int = 3, most: int = 8) -> Frame:
    """Read a run and return what there is to see: its ``last`` latest candidates, at most ``most`` of its front.

    Raises:
        StoreError: there is no run at ``path``, or it cannot be read.
    """
    told = changed(path)  # before the journal is read: what comes in between is news the next time
    run = RunDirectory(path)
    summary = summarise(run)
    ideal = read_problem(path)["ideal"]
    front = best_first(summary["front"], ideal)
    return Frame(
        {**summary, "front": sorted(front[:most], key=lambda member: member["candidate"])},
        max(len(front) - most, 0),
        latest(run, last),
        None if summary["ended"] else _at_work(run),
        0.0 if summary["ended"] else _left(run.journal.events, summary, path),
        told,
    )


def changed(path: Path) -> float:
    """Return when the run's journal was written last, or else its run file, in seconds since the epoch."""
    journal, run_file = path / "journal.jsonl", path / "run.toml"
    newest = journal if journal.exists() else run_file
    if not newest.exists():
        return 0.0  # no run: whoever reads it says so
    with explained(newest, "read"):
        return newest.stat().st_mtime


def _at_work(run: RunDirectory) -> Mapping[str, Any] | None:
    """Return the candidate that was proposed last, unless it has a result."""
    done = {event["candidate"] for kind in ("trained", "failed") for event in run.journal.of(kind)}
    rows = history(run)
    return rows[-1] if rows and rows[-1]["candidate"] not in done else None


def _left(events: Sequence[Event], summary: Mapping[str, Any], path: Path) -> float | None:
    """Return the steps left times the mean seconds of a step; before the first, those of the starts by batches."""
    spent = sum(sum(event.get("seconds", {}).values()) for event in events if event["event"] != "range-test")
    left = summary["steps_planned"] - summary["steps"]
    trained = [event for event in events if event["event"] == "trained"]
    if not trained:
        return None
    config = read_run_file(path / "run.toml")
    candidates = config.population if summary["unit"] == "generations" else len(start_names(config.start))
    starts = trained[:candidates]
    start = sum(sum(event["seconds"].values()) for event in starts)
    if summary["steps"]:
        return float(left * (spent - start) / summary["steps"])
    start *= candidates / len(starts)  # of all of them, when some are still to come
    return float(left * start * config.batches_per_step / max(config.initial_batches, 1))
