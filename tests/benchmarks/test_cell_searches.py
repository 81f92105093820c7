"""The benchmark of searches of cells: what its tables count, and the CSV that the benchmark of predictors reads."""

from __future__ import annotations

import csv
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.popnas.conftest import PREDICTED, make

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def told(*words: object) -> list[list[str]]:
    """Run it, and return the rows of its tables without their heads' rules."""
    command = [sys.executable, str(BENCHMARKS / "cell_searches.py"), *map(str, words)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in made.stdout.splitlines() if line]
    return [row for row in rows if row[0] != "---"]


def test_searches_and_predictors_are_told(tmp_path: Path) -> None:
    run = make(tmp_path / "popnas", "popnas", {**PREDICTED, "costs": ["seconds", "parameters"]})
    drawn = make(tmp_path / "random", "cell-random", {"networks": 6})
    sheet = tmp_path / "cells.csv"
    heads, popnas, random, errors, *predicted = told(run.path, drawn.path, "--csv", sheet)
    trained, asked = len(run.history()), len(drawn.history())
    by_name = dict(zip(heads, popnas, strict=True))
    assert (popnas[2], random[2]) == (str(trained), str(asked))
    assert by_name["K"] == "3"
    assert 1 <= float(by_name["front up to K, median"].removeprefix("at least ")) <= 3
    assert float(by_name["top-5"]) <= float(by_name["top-1"]) <= 1
    assert random[6:8] == ["", ""]
    assert errors[0] == "search"
    assert [row[1] for row in predicted] == ["score", "seconds", "parameters"]
    assert {row[5] for row in predicted} <= {str(count) for count in range(asked + 1)}
    assert predicted[2][3] == "0.0", "parameters are exact"
    with sheet.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == trained + asked
    assert {row["search"] for row in rows} == {"popnas", "cell-random"}
    better = max(float(row["score"]) for row in rows if row["search"] == "popnas")
    assert better == pytest.approx(float(by_name["top-1"]), abs=1e-4)


@pytest.mark.parametrize(
    ("fronts", "text"),
    [
        ([], ""),
        ([3, 7], "5"),
        ([4, 5, 12], "5"),
        ([8, 12], "at least 10"),
        ([5, 12, 12], "at least 12"),
        ([12], "at least 12"),
    ],
)
def test_a_median_that_hangs_on_fronts_cut_at_k_is_a_lower_bound(
    fronts: list[int], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    assert importlib.import_module("cell_searches").middle_of(fronts, 12) == text


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "cell_searches.py"), str(tmp_path)]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 1
    assert "Traceback" not in made.stderr
    assert str(tmp_path) in made.stderr
