"""The best cells of a run: each once, best first, and what has none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from valpnas.errors import ConfigError
from valpnas.finishing.found import top_cells
from valpnas.run import design

from .small import STACK, images, searched


def test_the_best_come_first_and_each_text_once(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", steps=5)
    found = top_cells(run, 99)
    texts = [each.text for each in found]
    assert len(set(texts)) == len(texts) > 1
    assert [each.accuracy for each in found] == sorted((each.accuracy for each in found), reverse=True)
    for each in found:
        same = [row for row in run.history() if top_text(run, row["candidate"]) == each.text]
        assert each.accuracy == 1 - min(row["objectives"]["side"] for row in same)
    assert top_cells(run, 1) == found[:1]


def top_text(run: object, candidate: int) -> str:
    (spec,) = run.valp(candidate).specs.values()  # type: ignore[attr-defined]
    return str(spec.to_json()["cell"])


def test_runs_without_cells_are_refused(tmp_path: Path) -> None:
    dense = design(images(), out=str(tmp_path / "dense"), steps=0, initial_batches=2, device="cpu", report=False)
    empty = searched(tmp_path / "empty", replace(STACK, text="[]"), steps=0)
    for run in (dense, empty):
        with pytest.raises(ConfigError, match="expected a run that has trained stand-alone networks of cells with"):
            top_cells(run, 5)
    with pytest.raises(ConfigError, match="top: expected at least 1, got 0"):
        top_cells(dense, 0)
