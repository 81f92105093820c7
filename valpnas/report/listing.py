"""The list of runs in a folder, from the cached state of each where it is up to date."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valpnas.errors import StoreError
from valpnas.report.numbers import counted, hypervolume
from valpnas.report.summary import summarise
from valpnas.store.run_directory import RunDirectory

_SHOWN = ("run", "problem", "search", "chooser", "steps", "unit", "ended", "hypervolume")


def list_runs(folder: Path) -> list[dict[str, Any]]:
    """Return a row per run directory in ``folder``, by name.

    Raises:
        StoreError: there is no such folder.
    """
    if not os.path.isdir(folder):  # unlike Path.is_dir, quiet about names no folder can have
        raise StoreError(
            f"{folder}: expected a folder that holds run directories, found none; name one: `valpnas list FOLDER`"
        )
    runs = sorted(path.parent for path in folder.glob("*/run.toml"))
    return [_row(path) for path in runs]


def _row(path: Path) -> dict[str, Any]:
    """Return the row of a run; one that cannot be read says why and does not hide the others."""
    try:
        run = RunDirectory(path)
        return _figures(run)
    except StoreError as error:
        return {**dict.fromkeys(_SHOWN, ""), "run": str(path), "problem": f"unreadable: {error}"}


def _figures(run: RunDirectory) -> dict[str, Any]:
    summary = {**(run.read_state() or summarise(run)), "run": str(run.path)}  # it may have been moved since
    return {key: summary[key] for key in _SHOWN}


def as_text(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for people: what was done in its unit, the hypervolume with the digits that tell runs apart."""
    told = {"done" if key == "steps" else key: value for key, value in row.items() if key != "unit"}
    if not row["unit"]:  # it cannot be read
        return told
    done = counted(row["steps"], row["unit"].removesuffix("s"))
    return {**told, "done": done, "hypervolume": hypervolume(row["hypervolume"])}
