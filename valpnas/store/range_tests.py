"""The file ``learning_rate.json`` of a run whose learning rate was found: what was tried, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valpnas.store.files import read_json, whole, write_json

FORMAT = "valpnas-learning-rate/1"
_NAME = "learning_rate.json"
_SAYS = {"rate": float, "batches": int, "seconds": dict, "tried": list, "note": str}


def save_range_test(folder: Path, test: Mapping[str, Any]) -> None:
    """Write a range test: its ``rate``, ``batches``, ``seconds`` by account, ``note``, ``tried``: a row per rate."""
    write_json(folder / _NAME, {"format": FORMAT, **test})


def read_range_test(folder: Path) -> dict[str, Any] | None:
    """Return what ``save_range_test`` wrote; None when the run's rate was given.

    Raises:
        StoreError: the file holds something else.
    """
    if not (folder / _NAME).is_file():
        return None
    with whole(folder / _NAME, "a range test"):
        data = dict(read_json(folder / _NAME))
        if data.pop("format") != FORMAT or not all(isinstance(data[key], kind) for key, kind in _SAYS.items()):
            raise ValueError("other contents")
    return data
