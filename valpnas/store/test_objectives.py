"""test.json: test objectives of the candidates that validation chose.

Kept apart from the journal so that nothing that decides can read it: an architecture test fails when search,
training or plug-in code imports this module. Only the run's end writes it and only reports read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from valpnas.store.files import read_json, write_json

Scores = Mapping[str, float]


def write_test_objectives(folder: Path, scores: Mapping[int, Scores]) -> None:
    """Write the test objectives by candidate."""
    write_json(
        folder / "test.json", {str(candidate): dict(objectives) for candidate, objectives in sorted(scores.items())}
    )


def read_test_objectives(folder: Path) -> dict[int, dict[str, float]]:
    """Return the test objectives by candidate; empty before the run has ended."""
    path = folder / "test.json"
    return {int(candidate): scores for candidate, scores in read_json(path).items()} if path.is_file() else {}
