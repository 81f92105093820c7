"""The benchmarks of scale and of workers run: a few candidates of each kind, of which they say what they cost."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


def said(*words: str) -> str:
    """Run a benchmark and return what it prints."""
    made = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=FOLDER)
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.mark.parametrize(("search", "front"), [("made-up", 32), ("nsga2", 32)])
def test_scale_says_what_candidates_cost_and_what_their_journal_does(search: str, front: int) -> None:
    told = said("scale.py", "32", "--search", search, "--trade-offs", "4")
    assert f"valpnas, search {search}: 32 candidates, 16 per ask, without weights" in told
    assert re.search(r"ms per candidate, \d+\.\d\d ms of CPU", told)
    assert f"{front} in the archive" in told
    assert "32 candidates are summed up in" in told


@pytest.mark.slow
def test_workers_says_that_the_runs_are_equal() -> None:
    told = said("workers.py", "--candidates", "32", "--batches", "4")
    assert "the runs are equal" in told
