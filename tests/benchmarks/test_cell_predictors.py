"""The benchmark of the predictors of cells: its speeds, and its table of qualities from made-up trained cells."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

from valpnas.cells.block import Block, Cell
from valpnas.cells.text import write_cell

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "cell_predictors.py"
OPERATIONS = {"identity": 0.0, "3x3 conv": 3.0, "2x2 maxpool": 1.0}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark without what takes long."""
    command = [sys.executable, str(BENCHMARK), *words, "--without", "gradient-boosting", "catboost"]
    return subprocess.run(command, capture_output=True, text=True)


def trained(path: Path, leave_out: str = "") -> None:
    """Write a CSV of made-up trained cells: seconds are a sum over operations, scores fall with identities."""
    pairs = [(a, b) for a in OPERATIONS for b in OPERATIONS]
    cells = [Cell(()), *(Cell((Block(back, a, -1, b),)) for a, b in pairs for back in (-2, -1))]
    cells += [Cell((Block(-1, a, -1, b), Block(-2, b, 0, c))) for a, b in pairs for c in OPERATIONS]
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(["cell", "score", "seconds"])
        for cell in cells:
            done = [operation for block in cell.blocks for operation in block.operations]
            if write_cell(cell) != leave_out:
                score = 0.9 - 0.1 * done.count("identity") if done else 0.1
                sheet.writerow([write_cell(cell), score, 2 + sum(OPERATIONS[each] for each in done)])


def test_speeds(tmp_path: Path) -> None:
    made = run(
        "--fitted", "12", "--asked", "300", "--repeats", "1", "--least", "100", "--json", str(tmp_path / "f.json")
    )
    assert made.returncode == 0, made.stderr + made.stdout
    head, *rows = made.stdout.strip().splitlines()
    assert head == "300 candidates of 5 blocks, predictors fitted to 12 cells, one core"
    assert [row.split()[0] for row in rows] == ["lstm", "lstm-plain", "nnls", "ridge"]
    assert list(json.loads((tmp_path / "f.json").read_text())["speed"]) == ["lstm", "lstm-plain", "nnls", "ridge"]


def test_quality_of_cells_of_more_blocks_than_known(tmp_path: Path) -> None:
    """Seconds are linear in the features here, so the linear predictors rank them all but perfectly."""
    trained(tmp_path / "trained.csv")
    made = run("--cells", str(tmp_path / "trained.csv"), "--json", str(tmp_path / "f.json"))
    assert made.returncode == 0, made.stderr + made.stdout
    assert made.stdout.splitlines()[0] == "| predictor | MAPE % b=2 | Spearman b=2 |"
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["blocks"] == [2]
    assert list(figures["quality"]) == ["lstm", "lstm-plain", "nnls", "ridge"]
    assert figures["quality"]["nnls"]["spearman"][0] > 0.95


def test_cells_that_the_reindex_lacks_are_named(tmp_path: Path) -> None:
    trained(tmp_path / "trained.csv", "[(-1, '3x3 conv', -1, '3x3 conv')]")
    made = run("--cells", str(tmp_path / "trained.csv"))
    assert made.returncode == 1
    assert len(made.stderr.strip().splitlines()) == 1
    assert (
        "expected the cells that the reindex comes from, got none of [(-1, '3x3 conv', -1, '3x3 conv')]" in made.stderr
    )
