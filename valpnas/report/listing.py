"""The list of runs in a folder, from the cached state of each where it is up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from valpnas.errors import StoreError
from valpnas.report.summary import summarise
from valpnas.store.run_directory import RunDirectory

_SHOWN = ("run", "problem", "chooser", "steps", "ended", "hypervolume")


def list_runs(folder: Path) -> list[dict[str, Any]]:
    """Return a row per run directory in ``folder``, by name.

    Raises:
        StoreError: there is no such folder.
    """
    if not folder.is_dir():
        raise StoreError(
            f"{folder}: expected a folder that holds run directories, found none; name one: `valpnas list FOLDER`"
        )
    runs = sorted(path.parent for path in folder.glob("*/run.toml"))
    return [_row(RunDirectory(path)) for path in runs]


def _row(run: RunDirectory) -> dict[str, Any]:
    summary = {**(run.read_state() or summarise(run)), "run": str(run.path)}  # it may have been moved since
    return {key: summary[key] for key in _SHOWN}
