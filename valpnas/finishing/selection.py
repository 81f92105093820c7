"""Selection: the best cells of a run trained for long, each in several macro-architectures, and ranked (algorithm 2).

A selection is a folder with a run directory for each configuration, and ``selection.json`` and ``selection.csv``: the
ranking of what was trained so far. Each run says for itself whether it has ended, so a selection that was stopped is
gone on with by asking for it again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from valpnas.cell_training import outcome
from valpnas.contracts.problem import Problem
from valpnas.errors import ConfigError, StoreError, TrainingFailedError
from valpnas.finishing.configurations import Configuration, Limits, configurations
from valpnas.finishing.found import top_cells
from valpnas.finishing.long_training import LongTraining, beside, data_of, long_config, trained
from valpnas.opened_run import Run
from valpnas.searching import Say
from valpnas.store.files import explained, read_json, whole, write_json, write_text

FORMAT = "valpnas-selection/1"
EPOCHS = {"image": 200, "series": 100}
_FILE = "selection.json"
_OUTCOMES = ("validation_accuracy", "best_epoch", "training_seconds")


@dataclass(frozen=True)
class Selection:
    """What is to be selected from: the ``top`` cells, with ``limits`` of parameters for larger macro-architectures."""

    top: int = 5
    limits: Limits | None = None
    training: LongTraining = field(default_factory=LongTraining)
    out: str = ""


def select(run: Run, asked: Selection, say: Say) -> dict[str, Any]:
    """Train every configuration that was not trained before and return the ranking, as it is on disk.

    Raises:
        ValpnasError: the run has no cells, the limits leave no room, or the folder holds something else.
    """
    limits, training = asked.limits, asked.training
    chosen = configurations(top_cells(run, asked.top), limits, training.second_exit is not False)
    path = Path(asked.out) if asked.out else beside(run.path, "selection")
    _check_place(path, run)
    problem, parts = data_of(run, training)
    rows: list[dict[str, Any]] = []
    for number, each in enumerate(chosen, 1):
        say(f"{number} of {len(chosen)}: {each.spec.summary}, {each.parameters:,} parameters")
        rows.append(_row(run, each, problem, len(parts.train), training, path, say))
        _write(path, run, limits, rows, [waiting.name for waiting in chosen[number:]])
    return read_selection(path)


def _check_place(path: Path, run: Run) -> None:
    """Make the folder ``path`` if there is none; raise ``StoreError`` when there is something else."""
    if (path / _FILE).is_file():
        if not is_selected_from(path, run):
            raise StoreError(
                f"{path}: expected a selection from {run.path}, got one from {read_selection(path)['of']}; "
                "choose another --out"
            )
    elif path.exists() and (not path.is_dir() or (path / "run.toml").exists()):
        raise StoreError(f"{path}: expected a new folder or a selection, got something else; choose another --out")
    with explained(path, "create"):
        path.mkdir(parents=True, exist_ok=True)


def _row(
    run: Run, chosen: Configuration, problem: Problem, rows: int, asked: LongTraining, path: Path, say: Say
) -> dict[str, Any]:
    """Train a configuration if it is not trained yet, and return its row of the ranking."""
    kind = problem.inputs[0].kind
    epochs = asked.epochs or EPOCHS[kind]
    config = long_config(run.config, chosen.spec, kind, rows, epochs, asked, path / chosen.name)
    found, macro = chosen.found, chosen.spec.macro
    row = {
        "run": chosen.name,
        "candidate": found.candidate,
        "cell": found.text,
        "search_accuracy": found.accuracy,
        "motifs": macro.motifs,
        "normal_cells": macro.normal_cells,
        "filters": macro.filters,
        "original": chosen.original,
        "parameters": chosen.parameters,
        "epochs": epochs,
    }
    try:
        made = outcome(trained(config, problem, say))
    except TrainingFailedError as error:  # of this configuration: it is told in the ranking, and others are trained
        say(f"{chosen.name} has failed: {error}")
        return {**row, **dict.fromkeys(_OUTCOMES), "failure": str(error)}
    return {**row, **{name: made[name] for name in _OUTCOMES}, "failure": ""}


def _write(path: Path, run: Run, limits: Limits | None, rows: Sequence[Mapping[str, Any]], waiting: list[str]) -> None:
    """Write the ranking of what was trained so far, best on validation rows first, failures last."""
    ranked = sorted(rows, key=lambda row: -1.0 if row["failure"] else row["validation_accuracy"], reverse=True)
    ranking = [{"rank": rank, **row} for rank, row in enumerate(ranked, 1)]
    write_json(
        path / _FILE,
        {
            "format": FORMAT,
            "of": str(run.path.absolute()),
            "identity": run.identity,
            "problem": run.config.problem,
            "limits": list(limits) if limits else None,
            "waiting": waiting,
            "ranking": ranking,
        },
    )
    text = io.StringIO()
    table = csv.DictWriter(text, list(ranking[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(ranking)
    write_text(path / "selection.csv", text.getvalue())


def is_selection(path: Path) -> bool:
    """Say whether a selection is at ``path``."""
    return (path / _FILE).is_file()


def is_selected_from(path: Path, run: Run) -> bool:
    """Say whether the selection at ``path`` is from ``run``, though both may have been moved since."""
    there = read_selection(path)
    if "identity" in there:
        return bool(there["identity"] == run.identity)
    return bool(there["of"] == str(run.path.absolute()))  # earlier versions only know where the run was


def read_selection(path: Path) -> dict[str, Any]:
    """Return the content of ``selection.json`` and its ``path``; raises ``StoreError`` for another format."""
    with whole(path / _FILE, "a whole selection"):
        data = dict(read_json(path / _FILE))
        _ = [(row["run"], row["failure"]) for row in data["ranking"]], data["waiting"], data["of"]
    if data.get("format") != FORMAT:
        raise StoreError(f"{path}: expected format {FORMAT!r}, got {data.get('format')!r}; use a newer valpnas")
    return {"path": str(path), **data}


def winner(path: Path) -> Run:
    """Return the run of the best configuration of the selection at ``path``.

    Raises:
        ConfigError: not everything is trained yet, or nothing could be.
    """
    data = read_selection(path)
    if data["waiting"]:
        raise ConfigError(
            f"{path}: expected a selection that has ended, got one with {len(data['waiting'])} to train; "
            f"call `valpnas cell select {data['of']}` again as before"
        )
    if data["ranking"][0]["failure"]:
        raise ConfigError(f"{path}: expected a configuration that was trained, got none; see {_FILE}")
    return Run(path / data["ranking"][0]["run"])
