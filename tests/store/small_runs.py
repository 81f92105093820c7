"""Runs that take a tenth of a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from valpnas.contracts.problem import Problem
from valpnas.opened_run import Run
from valpnas.resuming import resume
from valpnas.run import design

SPACE = {"min_width": 3, "max_width": 6, "min_latent": 2, "max_latent": 3}
# Three steps before the final decay, in which few choosers change anything.
BUDGET = {"steps": 3, "initial_batches": 4, "batches_per_step": 2, "batch_size": 20, "final_decay": 0.1}
OURS: dict[str, Any] = {"start": "random", "chooser": "random", "seed": 3, "report": False}
SETTINGS: dict[str, Any] = {**BUDGET, "space": SPACE, "device": "cpu", **OURS}


def small_problem() -> Problem:
    """Eighty rows, two inputs, a class and a number."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((80, 3)), rng.standard_normal((80, 2))
    return Problem.from_arrays({"x": x, "y": y}, {"side": (x[:, 0] > y[:, 0]).astype(int), "sum": x.sum(axis=1)})


def settings_of(**settings: Any) -> dict[str, Any]:
    """Return ``settings`` with the small ones for the rest; a population counts no steps."""
    merged = {**SETTINGS, **settings}
    if merged.get("search", "hill-climbing") != "hill-climbing":
        del merged["steps"]
    return merged


def make(path: Path, **settings: Any) -> Run:
    """Run the search on the small problem from the start."""
    return design(small_problem(), **{**settings_of(**settings), "out": str(path)})


def go_on(path: Path, steps: int | None = None) -> Run:
    """Resume a run."""
    return resume(path, lambda _: None, steps)


def make_or_go_on(path: Path, **settings: Any) -> Run:
    """Do what a person does after a crash: resume, or start over where there is no run yet."""
    return go_on(path) if (path / "run.toml").exists() else make(path, **settings)


def weight_files(path: Path) -> set[str]:
    """Names in the weights folder, hidden ones included."""
    return {file.name for file in (path / "weights").iterdir()}


def spread_front(path: Path) -> list[int]:
    """Alter a run's journal so that every trained model is on the front; return them by falling mean log objective."""
    journal, trained = path / "journal.jsonl", list[int]()
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for event in lines:
        if event["event"] == "trained":
            trained.append(event["candidate"])
            event["objectives"] = {"side": 0.1 + 0.01 * len(trained), "sum": 1 / len(trained)}
    journal.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))
    return trained
