"""The benchmark of the cells prints its parts, notices when they are slow, and they are not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "cells.py"
PARTS = ["expansion", "canonical keys", "time features", "Pareto front", "together", "keys, blocks alike"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark on few candidates."""
    command = [sys.executable, str(BENCHMARK), "--parents", "16", "--repeats", "5", *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_cells_are_handled_fast_enough(tmp_path: Path) -> None:
    """A fifth of what is promised in docs/performance.md, so that a slow machine does not fail."""
    made = run("--least", "40000", "--json", str(tmp_path / "cells.json"))
    assert not made.stderr, made.stderr
    assert made.returncode == 0, made.stdout
    head, *rows = made.stdout.strip().splitlines()
    assert head == "42,048 candidates of 5 blocks, median of 5"
    assert [row.split("  ")[1] for row in rows] == PARTS
    assert list(json.loads((tmp_path / "cells.json").read_text())["per second"]) == PARTS


def test_too_slow_is_noticed() -> None:
    """No machine does so many."""
    assert run("--least", "1e15").returncode == 1
