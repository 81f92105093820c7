"""Runs: what two run directories must have in common to count as the same run."""

from __future__ import annotations

import json
import tomllib
from itertools import groupby
from pathlib import Path
from typing import Any

from valpnas.config import OF_THE_PLACE

_FOLDERS = ("graphs", "weights", "diagnostics")
_LINES = "test_objectives.jsonl"
_TIMES = ("seconds", "elapsed")


def events(run: Path) -> list[dict[str, Any]]:
    """Return the journal of the run at ``run`` without its times."""
    lines = (run / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    return [{key: value for key, value in json.loads(line).items() if key not in _TIMES} for line in lines]


def contents(run: Path) -> dict[str, Any]:
    """Return everything in which a killed and resumed run must equal an undisturbed one, by file.

    That is all but times, where the run and its data lie, caches, hidden leftovers of a write cut short, and the order
    in which jobs that ran at the same time were done.
    """
    run_file = tomllib.loads((run / "run.toml").read_text(encoding="utf-8"))
    files = [file for folder in _FOLDERS for file in (run / folder).iterdir() if not file.name.startswith(".")]
    return {
        "journal": _in_order(events(run)),
        "run.toml": {key: value for key, value in run_file.items() if key not in OF_THE_PLACE},
        "problem.json": (run / "problem.json").read_bytes(),
        _LINES: sorted((run / _LINES).read_text(encoding="utf-8").splitlines()),
        **{str(file.relative_to(run)): _content(file) for file in files},
    }


def _in_order(journal: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort results that follow one another by candidate."""
    ordered: list[dict[str, Any]] = []
    for is_result, stretch in groupby(journal, lambda event: event["event"] in {"trained", "failed"}):
        together = list(stretch)
        ordered += sorted(together, key=lambda event: event["candidate"]) if is_result else together
    return ordered


def _content(file: Path) -> Any:
    """Return a file's bytes, or what a diagnostics file says without its times."""
    if file.parent.name != "diagnostics":
        return file.read_bytes()
    return {key: value for key, value in json.loads(file.read_bytes()).items() if key != "seconds"}
